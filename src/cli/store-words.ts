/** The words of the commands that work on the store itself: its schema, its backups, its archive. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Config } from '../app/config.ts';

const err = process.stderr;

interface StoreWords {
  readonly dataDir?: string;
  readonly pgBin?: string;
}

export function addStore(program: Command, readConfig: () => Promise<Config>): void {
  const db = program.command('db').description('the database: schema, backup, restore, move');
  const command = (name: string, description: string) =>
    db.command(name).description(description).option('--data-dir <folder>', 'the data folder');
  const contextOf = async ({ dataDir }: StoreWords) => {
    const config = await readConfig();
    return {
      config: dataDir === undefined ? config : { ...config, data_dir: resolve(dataDir) },
      err,
    };
  };
  const PG_BIN = [
    '--pg-bin <folder>',
    'PostgreSQL binaries of the version that made the data folder',
  ] as const;
  command('migrate', 'bring the schema up to this version').action(async (words: StoreWords) => {
    const { migrateDatabase } = await import('./db.ts');
    await migrateDatabase(await contextOf(words));
  });
  command('backup', 'everything in one file; also while the platform runs')
    .argument('<file>', 'the file to write; - for standard output')
    .option(...PG_BIN)
    .action(async (file: string, words: StoreWords) => {
      const { backup } = await import('./db.ts');
      await backup(file, words.pgBin, await contextOf(words));
    });
  command('restore', 'a backup into an empty database, of any PostgreSQL from 15 on')
    .argument('<file>', 'the file to read; - for standard input')
    .action(async (file: string, words: StoreWords) => {
      const { restore } = await import('./db.ts');
      await restore(file, await contextOf(words));
    });
  command('move', 'everything into another, empty PostgreSQL; stop the platform before')
    .requiredOption('--to <url>', 'postgres://…, or embedded')
    .option(...PG_BIN)
    .action(async (words: StoreWords & { to: string }) => {
      const { move } = await import('./db.ts');
      await move(words.to, words.pgBin, await contextOf(words));
    });
}
