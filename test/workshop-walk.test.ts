/** The whole workshop as a user walks it on the command line: train, evaluate, shadow, promote, drift, roll back. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SHIPPED_MODEL } from '../src/app/package-paths.ts';
import { pcapFileHeader } from '../src/capture/write-pcap.ts';
import { decodeModels, encodeModels } from '../src/core/models/model-file.ts';
import { ETHERNET } from '../src/core/wire/link-layer.ts';
import { DEMO, writeQuiet } from './support/quiet-capture.ts';

const folder = mkdtempSync(join(tmpdir(), 'phantomnet-workshop-'));
const at = (name: string) => join(folder, name);

function run(...words: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['src/cli/main.ts', ...words], {
    encoding: 'utf8',
  });
  return { code: status, out: stdout, err: stderr };
}

/** A command about the registry of a data folder of this test's own. */
const registry = (...words: string[]) => ['models', ...words, '--data-dir', at('data')];

function json(...words: string[]): Record<string, unknown>[] {
  const { code, out, err } = run(...words, '--json');
  expect({ code, err: code === 0 ? '' : err }).toEqual({ code: 0, err: '' });
  return out
    .trimEnd()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

const champion = () =>
  json(...registry('registry')).find(({ state }) => state === 'champion')?.hash;

/** A model that takes everything for an attack. */
function writeAlarmist(): string {
  const { models } = decodeModels(readFileSync(at('trained.model')));
  const always = { malicious: { kind: 'platt', slope: 0, intercept: 6 } } as const;
  const bytes = encodeModels(
    models.map((model) => ({ ...model, calibrations: always, references: {} })),
  );
  writeFileSync(at('alarmist.model'), bytes);
  return decodeModels(bytes).hash;
}

beforeAll(async () => {
  await writeQuiet(at('quiet.pcap'));
  copyFileSync(at('quiet.pcap'), at('quiet-too.pcap'));
  writeFileSync(
    at('plan.yaml'),
    'seed: 7\ncaptures:\n  - { capture: demo.pcap.zst, labels: labels.csv, use: split }\n',
  );
}, 30_000);

afterAll(() => rmSync(folder, { recursive: true }));

describe('the workshop', { timeout: 120_000 }, () => {
  let trained = '';

  it('trains', () => {
    const words = ['--plan', at('plan.yaml'), '--data', 'demo', '--workers', '2'];
    expect(run('train', ...words, '--out', at('trained.model'))).toMatchObject({
      code: 0,
      out: '',
    });
    trained = decodeModels(readFileSync(at('trained.model'))).hash;
  });

  it('evaluates it against labels', () => {
    const [evaluation] = json(
      'evaluate',
      DEMO,
      '--labels',
      'demo/labels.csv',
      '--model',
      at('trained.model'),
    );
    const kinds = evaluation?.kinds as { kind: string; recall: number | null }[];
    expect(kinds.find(({ kind }) => kind === 'Port_Scan')).toMatchObject({ recall: 1 });
  });

  it('writes its card, with what it is bad at', () => {
    const { out, code } = run('models', 'card', at('trained.model'));
    expect(code).toBe(0);
    expect(out).toContain(trained);
    expect(out).toMatch(/Only 2 test rows of Slowloris/);
    expect(out).toMatch(/Low recall of C2_Beacon: 0.0000/);
  });

  it('registers it as the challenger, with its lineage', () => {
    expect(json(...registry('add', at('trained.model')))).toEqual([
      { hash: trained, state: 'challenger' },
    ]);
    const [entry] = json(...registry('registry'));
    expect(entry).toMatchObject({
      hash: trained,
      state: 'challenger',
      lineage: { seed: 7, data_hashes: [expect.stringMatching(/^[0-9a-f]{64}$/)] },
    });
  });

  it('tries it in the shadow of the champion', () => {
    const [trial] = json(...registry('shadow', at('quiet.pcap')));
    expect(trial).toMatchObject({ alerts: { champion: 0, challenger: 0 } });
    const {
      rows = 0,
      both = 0,
      onlyChampion = 0,
      onlyChallenger = 0,
    } = {
      ...(trial?.flows as Record<string, number>),
    };
    expect(rows).toBeGreaterThan(100);
    expect(both + onlyChampion + onlyChallenger).toBeLessThan(rows / 10);
  });

  it('refuses in one line what is not there, what judges already, and a capture of nothing', () => {
    const missing = run(...registry('add', at('missing.model')));
    expect(missing).toMatchObject({ code: 2, out: '' });
    expect(missing.err).toMatch(/^[^\n]*missing.model: there is no such file\n$/);
    const shipped = run(...registry('add', SHIPPED_MODEL));
    expect(shipped).toMatchObject({ code: 1, out: '' });
    expect(shipped.err).toMatch(/Cannot add .*: it is the champion/);
    writeFileSync(at('empty.pcap'), pcapFileHeader(ETHERNET));
    const empty = run(...registry('pin', at('empty.pcap')));
    expect(empty).toMatchObject({ code: 2, err: expect.stringContaining('no packet is in it') });
    expect(run(...registry('unpin', at('empty.pcap')))).toMatchObject({ code: 2 });
  });

  it('promotes nothing before a benign capture is pinned', () => {
    expect(run(...registry('promote', trained.slice(0, 12)))).toMatchObject({ code: 2, out: '' });
    expect(run(...registry('pin', at('quiet.pcap'))).code).toBe(0);
  });

  it('does not promote what takes ordinary traffic for attacks', () => {
    const alarmist = writeAlarmist();
    expect(run(...registry('add', at('alarmist.model'))).code).toBe(0);
    const refused = run(...registry('promote', alarmist));
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toMatch(
      /Cannot promote .* in .*quiet.pcap would be attacks, by the champion \d/,
    );
    expect(champion()).toBeUndefined();
  });

  it('promotes what does not', () => {
    expect(json(...registry('promote', trained.slice(0, 12)))).toEqual([
      { action: 'promote', champion: trained },
    ]);
    expect(champion()).toBe(trained);
  });

  it('refuses to promote the champion, a model whose file is gone, and where the configuration says who judges', () => {
    const again = run(...registry('promote', trained));
    expect(again).toMatchObject({ code: 1, err: expect.stringContaining('it is the champion') });
    const alarmist = decodeModels(readFileSync(at('alarmist.model'))).hash;
    rmSync(at(`data/models/${alarmist}.model`));
    const gone = run(...registry('promote', alarmist));
    expect(gone).toMatchObject({ code: 2, out: '' });
    expect(gone.err).toMatch(/there is no such file\n$/);
    writeFileSync(at('fixed.yaml'), `model:\n  path: ${at('trained.model')}\n`);
    for (const words of [['rollback'], ['promote', alarmist]]) {
      const fixed = run('--config', at('fixed.yaml'), ...registry(...words));
      expect(fixed).toMatchObject({ code: 1, err: expect.stringContaining('model.path') });
    }
    expect(champion()).toBe(trained);
    rmSync(at('quiet.pcap'));
    expect(run(...registry('unpin', at('quiet.pcap'))).code).toBe(0);
    copyFileSync(at('quiet-too.pcap'), at('quiet.pcap'));
  });

  it('names the features that drift', () => {
    const alarms = (file: string) =>
      json(...registry('drift', file))
        .filter(({ alarm }) => alarm)
        .map(({ model, value }) => `${model} ${value}`);
    const underAttack = alarms(DEMO);
    for (const value of [
      'flow-forest score',
      'source-forest unique_dst_ports',
      'flow-forest state_REJ',
    ])
      expect(underAttack).toContain(value);
    // Less than a minute of the same network, its beginning: other than the whole, but not by much.
    expect(alarms(at('quiet.pcap')).length).toBeLessThan(underAttack.length / 3);
  });

  it('trains nothing from a site that has nothing to teach', () => {
    const nothing = run('train', '--from-site', '--data-dir', at('data'));
    expect(nothing).toMatchObject({ code: 2, out: '' });
    expect(nothing.err).toMatch(/no lure was touched/);
    expect(run('train')).toMatchObject({ code: 2, err: expect.stringContaining('--from-site') });
  });

  it('rolls back to the model that ships, and no further', () => {
    expect(json(...registry('rollback'))).toEqual([{ action: 'rollback', champion: null }]);
    expect(champion()).toBeUndefined();
    expect(run(...registry('rollback'))).toMatchObject({ code: 1, out: '' });
  });
});
