/** The words that say how this machine and its configuration are. */
import type { Command } from 'commander';
import { configOf, inDataDir } from './config-of.ts';
import type { JsonWords } from './json-words.ts';

const out = process.stdout;
const err = process.stderr;

export function addSettings(program: Command): void {
  program
    .command('doctor')
    .description('what would work here, and what to do about the rest')
    .option('--data-dir <folder>', 'the data folder')
    .option('--json', 'JSON lines on standard output', false)
    .action(async ({ json, dataDir }: JsonWords & { dataDir?: string }) => {
      const { doctor } = await import('./doctor.ts');
      await doctor(inDataDir(await configOf(program), dataDir), { json, out });
    });
  program
    .command('users')
    .description('who may sign in')
    .command('password')
    .description('a new password for one who has lost theirs; also while the platform runs')
    .argument('[name]', 'the user', 'admin')
    .option('--data-dir <folder>', 'the data folder')
    .action(async (name: string, { dataDir }: { dataDir?: string }) => {
      const { resetPassword } = await import('./users.ts');
      await resetPassword(inDataDir(await configOf(program), dataDir), name, { out, err });
    });
  const settings = program.command('config').description('the configuration');
  settings
    .command('show')
    .description('with every default')
    .action(async () => {
      const { stringify } = await import('yaml');
      const config = await configOf(program);
      const { s3 } = config.archive;
      // Shown to whoever looks over a shoulder, and pasted into reports.
      if (s3.secret_key !== null) s3.secret_key = '(set)';
      out.write(stringify(config));
    });
  settings
    .command('check')
    .description('says what is wrong with it')
    .action(async () => {
      await configOf(program);
      err.write('The configuration is valid.\n');
    });
}
