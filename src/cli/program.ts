/**
 * The words of the command line; wrong words exit with 2. Each command's work is in the file of its
 * name, loaded only when it is wanted: the enforcer must not carry the database in its memory.
 */
import { Command } from 'commander';
import { packageVersion } from '../app/package-paths.ts';
import { addCaptures } from './capture-words.ts';
import { configOf } from './config-of.ts';
import { addModels } from './model-words.ts';
import { addPlatform } from './platform-words.ts';
import { addSettings } from './settings-words.ts';
import { addStore } from './store-words.ts';
import { addTriage } from './triage-words.ts';

export function createProgram(): Command {
  const program = new Command('phantomnet')
    .description('Watches traffic, says what is an attack and why, and stops the attacker.')
    .version(packageVersion())
    .option('-c, --config <file>', 'configuration file (YAML)')
    .exitOverride()
    .showHelpAfterError('(phantomnet --help shows the commands)');
  addPlatform(program);
  addCaptures(program);
  addModels(program);
  addTriage(program, () => configOf(program));
  addStore(program, () => configOf(program));
  addSettings(program);
  return program;
}
