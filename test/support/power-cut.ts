/** A disk whose power can be cut: an ext4 in a file. What the file has at that moment is what a real disk would have. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { copyFile, mkdir, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const IMAGE_BYTES = 32 << 20;

export interface CuttableDisk {
  /** Where it is mounted. */
  readonly dir: string;
  /** The same disk after the power came back, elsewhere: without what had not reached it. */
  afterPowerCut(): Promise<string>;
  remove(): void;
}

/** Why there is none here; empty: there is. */
export const whyNoPowerCut = findOut();

export async function cuttableDisk(): Promise<CuttableDisk> {
  const folder = mkdtempSync(join(tmpdir(), 'phantomnet-power-'));
  const [image, dir] = [join(folder, 'image'), join(folder, 'disk')];
  const mounted: string[] = [];
  const mount = async (file: string, at: string) => {
    await mkdir(at);
    execFileSync('mount', ['-o', 'loop', file, at]);
    mounted.push(at);
  };
  await writeFile(image, '');
  await truncate(image, IMAGE_BYTES);
  execFileSync('mkfs.ext4', ['-q', image]);
  await mount(image, dir);
  return {
    dir,
    async afterPowerCut() {
      await copyFile(image, `${image}-after`);
      await mount(`${image}-after`, `${dir}-after`);
      return `${dir}-after`;
    },
    remove() {
      for (const at of mounted.reverse()) execFileSync('umount', ['-l', at]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function findOut(): string {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'needs Linux and root';
  if (spawnSync('mkfs.ext4', ['-V']).status !== 0) return 'mkfs.ext4 is not installed';
  return spawnSync('losetup', ['-f']).status === 0 ? '' : 'there are no loop devices';
}
