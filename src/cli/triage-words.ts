/** The words of the commands that ask a running platform: alerts and what is done with them, explanations, blocks. */
import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Config } from '../app/config.ts';
import type { Role } from '../contract/api.ts';
import type { ApiClient } from './api-client.ts';
import type { SuppressWords } from './suppressions.ts';
import type { Change, FilterWords } from './triage.ts';
import type { VerifyWords } from './verify.ts';

const out = process.stdout;
const err = process.stderr;
const ROLES = ['viewer', 'analyst', 'admin', 'sensor'] as const satisfies readonly Role[];

interface ServerWords {
  readonly url?: string;
  readonly dataDir?: string;
  readonly json: boolean;
}

/** @param readConfig where the data folder stands if no word says it */
export function addTriage(program: Command, readConfig: () => Promise<Config>): void {
  async function open({ url, dataDir }: ServerWords): Promise<ApiClient> {
    const { openApi } = await import('./api-client.ts');
    const folder = dataDir === undefined ? (await readConfig()).data_dir : resolve(dataDir);
    return await openApi({ url, dataDir: folder, env: process.env });
  }

  const list = filtering(asking(program, 'alerts', 'what was found, newest first'))
    .option('--limit <count>', 'at most so many', parseCount, 50)
    .option('--assignee <name>', 'that one person has taken')
    .option('--suppressed', 'only those that a suppression hides', false)
    .action(async (words: ServerWords & FilterWords & { limit: number; suppressed: boolean }) => {
      const { alerts } = await import('./alerts.ts');
      await alerts(await open(words), { ...words, out });
    });
  addActions(list, open);
  addSuppressions(program, open);
  asking(program, 'explain', 'one alert with its evidence')
    .argument('<id>', 'the id that alerts prints')
    .option('--packets <file>', 'also write the packets behind it that are still kept, as pcapng')
    .action(async (id: string, words: ServerWords & { packets?: string }) => {
      const { explain } = await import('./alerts.ts');
      await explain(await open(words), id, { ...words, out });
    });
  asking(program, 'verify', 'derive alerts again from their packets: do they come out the same?')
    .argument('[id...]', 'ids that alerts prints; without any, all of the file of alerts')
    .option(
      '--capture <file...>',
      'the captures they were made of; else what the sensor still keeps',
    )
    .option(
      '--alert <file>',
      'alerts as JSON lines, from analyze or alerts; else the platform is asked',
    )
    .option('--evidence <folder>', "where a sensor keeps its packets, if not in the data folder's")
    .option('--model <file>', 'the model that judged, where it is not in the registry')
    .action(async (ids: string[], words: ServerWords & VerifyWords) => {
      const { verify } = await import('./verify.ts');
      const config = await readConfig();
      const { dataDir } = words;
      await verify(ids, words, {
        config: dataDir === undefined ? config : { ...config, data_dir: resolve(dataDir) },
        api: () => open(words),
        out,
      });
    });
  asking(program, 'blocks', 'who is blocked, or would be')
    .option('--all', 'also those that are over', false)
    .action(async (words: ServerWords & { all: boolean }) => {
      const { blocks } = await import('./blocks.ts');
      await blocks(await open(words), { ...words, out });
    });
  asking(program, 'block', 'block an address')
    .argument('<ip>', 'IPv4 or IPv6 address')
    .option('--for <time>', 'seconds, or 10m, 2h, 7d; else as the policy says')
    .option('--reason <text>', 'why')
    .action(async (ip: string, words: ServerWords) => {
      const { block } = await import('./blocks.ts');
      await block(await open(words), ip, { ...words, out });
    });
  asking(program, 'unblock', 'take a block back')
    .argument('<id|ip>', 'a decision, or an address')
    .action(async (idOrIp: string, words: ServerWords) => {
      const { unblock } = await import('./blocks.ts');
      await unblock(await open(words), idOrIp, { ...words, out });
    });
  asking(program, 'protect', 'never block a network; without one, print the list')
    .argument('[cidr]', 'address or network, such as 192.0.2.0/24')
    .option('--reason <text>', 'why', 'by hand')
    .option('--remove', 'take it off the list', false)
    .action(
      async (
        cidr: string | undefined,
        words: ServerWords & { reason: string; remove: boolean },
      ) => {
        const { protect } = await import('./blocks.ts');
        await protect(await open(words), cidr, { ...words, out });
      },
    );
  addKeys(program, open);
}

function addKeys(program: Command, open: Open): void {
  const keys = program.command('keys').description('API keys, for sensors and scripts');
  asking(keys, 'list', 'all of them, without their secrets').action(async (words: ServerWords) => {
    const { listKeys } = await import('./keys.ts');
    await listKeys(await open(words), { ...words, out });
  });
  asking(keys, 'add', 'make one; prints its secret, which is kept nowhere')
    .argument('<name>', "what it is for; a sensor's key bears the sensor's id")
    .addOption(new Option('--role <name>', 'what it may do').choices(ROLES).makeOptionMandatory())
    .action(async (name: string, words: ServerWords & { role: Role }) => {
      const { addKey } = await import('./keys.ts');
      await addKey(await open(words), { name, role: words.role }, { ...words, out, err });
    });
  asking(keys, 'remove', 'it stops working at once')
    .argument('<id|name>', 'as list prints it')
    .action(async (idOrName: string, words: ServerWords) => {
      const { removeKey } = await import('./keys.ts');
      await removeKey(await open(words), idOrName, { ...words, out });
    });
}

type Open = (words: ServerWords) => Promise<ApiClient>;

/**
 * Commands below `alerts`; each prints how to take it back. Words that `alerts` has too end up there, wherever they
 * stand: so each asks for all of them.
 */
function addActions(list: Command, open: Open): void {
  for (const [name, status, description] of [
    ['ack', 'acknowledged', 'somebody has seen it'],
    ['resolve', 'resolved', 'it is dealt with'],
    ['false-positive', 'false_positive', 'it was no attack'],
    ['reopen', 'open', 'it is to be looked at again'],
  ] as const)
    filtering(asking(list, name, description))
      .argument(
        '[id...]',
        'the ids that alerts prints; or a filter, for the newest 1000 it selects',
      )
      .option('--comment <text>', 'why')
      .action(async (ids: string[], _words: unknown, command: Command) => {
        const words = command.optsWithGlobals<ServerWords & FilterWords & { comment?: string }>();
        const { comment } = words;
        await change(ids, { status, ...(comment !== undefined && { comment }) }, words);
      });
  filtering(asking(list, 'assign', 'who takes it'))
    .argument('[id...]', 'as of ack')
    .option('--to <name>', 'a user; without it nobody')
    .action(async (ids: string[], _words: unknown, command: Command) => {
      const words = command.optsWithGlobals<ServerWords & FilterWords & { to?: string }>();
      await change(ids, { assignee: words.to ?? null }, words);
    });
  asking(list, 'comment', 'a remark, kept with the alert')
    .argument('<text>', 'the remark')
    .argument('<id...>', 'the ids that alerts prints')
    .action(async (comment: string, ids: string[], _words: unknown, command: Command) => {
      await change(ids, { comment }, command.optsWithGlobals<ServerWords>());
    });
  asking(list, 'undo', 'take an action back')
    .argument('<action>', 'the id that the action printed')
    .action(async (id: string, _words: unknown, command: Command) => {
      const words = command.optsWithGlobals<ServerWords>();
      const { undo } = await import('./triage.ts');
      await undo(await open(words), id, { ...words, out });
    });
  asking(list, 'history', 'who did what with an alert')
    .argument('<id>', 'the id that alerts prints')
    .action(async (id: string, _words: unknown, command: Command) => {
      const words = command.optsWithGlobals<ServerWords>();
      const { history } = await import('./triage.ts');
      await history(await open(words), id, { ...words, out });
    });

  async function change(ids: string[], wanted: Change, words: ServerWords & FilterWords) {
    const { act } = await import('./triage.ts');
    await act(await open(words), ids, wanted, { ...words, out });
  }
}

function addSuppressions(program: Command, open: Open): void {
  previewing(asking(program, 'suppress', 'hide alerts, and keep them from notifying and blocking'))
    .option('--type <kind>', 'of one kind, such as Port_Scan')
    .option('--source <ip|cidr>', 'from an address or network')
    .option('--target <ip|cidr>', 'to an address or network')
    .option('--port <port>', 'to one port', parsePort)
    .option('--sensor <id>', 'seen by one sensor')
    .option('--for <time>', 'seconds, or 10m, 2h, 7d; else 30 days')
    .option('--reason <text>', 'why; there must be one')
    .action(async (words: ServerWords & Omit<SuppressWords, 'out'>) => {
      const { suppress } = await import('./suppressions.ts');
      await suppress(await open(words), { ...words, out, err });
    });
  asking(program, 'unsuppress', 'end a suppression: what it hid is seen again')
    .argument('<id>', 'the id that suppressions prints')
    .action(async (id: string, words: ServerWords) => {
      const { unsuppress } = await import('./suppressions.ts');
      await unsuppress(await open(words), id, { ...words, out });
    });
  asking(program, 'suppressions', 'what is suppressed, and how much each has hidden')
    .option('--all', 'also those that are over', false)
    .action(async (words: ServerWords & { all: boolean }) => {
      const { suppressions } = await import('./suppressions.ts');
      await suppressions(await open(words), { ...words, out });
    });
  previewing(asking(program, 'policy', 'from where on alerts and blocks are; prints it'))
    .option('--alert-from <confidence>', 'alert from here on, 0 to 1', parseShare)
    .option('--block-from <confidence>', 'block from here on, 0 to 1', parseShare)
    .action(
      async (
        words: ServerWords & {
          preview: boolean;
          days: number;
          alertFrom?: number;
          blockFrom?: number;
        },
      ) => {
        const { policy } = await import('./suppressions.ts');
        await policy(await open(words), { ...words, out, err });
      },
    );
  asking(program, 'story', 'what an address did and what was done about it, in order')
    .argument('<ip>', 'IPv4 or IPv6 address')
    .option('--days <count>', 'of the last days', parseDays(365), 30)
    .action(async (ip: string, words: ServerWords & { days: number }) => {
      const { story } = await import('./story.ts');
      await story(await open(words), ip, { ...words, out });
    });
}

function filtering(command: Command): Command {
  return command
    .option('--type <kind>', 'of one kind, such as Port_Scan')
    .option('--severity <level>', 'Critical, High, Medium or Low')
    .option('--status <status>', 'open, acknowledged, resolved or false_positive')
    .option('--source <ip>', 'from one source');
}

function previewing(command: Command): Command {
  return command
    .option('--preview', 'change nothing, say what it would have done', false)
    .option('--days <count>', 'in the last days, at most 30', parseDays(30), 7);
}

function asking(program: Command, name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .option('--url <url>', 'the platform (PHANTOMNET_URL); else the one that runs on this machine')
    .option('--data-dir <folder>', 'the data folder of the one on this machine')
    .option('--json', 'JSON lines on standard output', false);
}

function parseCount(text: string): number {
  return parseWhole(text, 1, 1_000_000);
}

function parsePort(text: string): number {
  return parseWhole(text, 0, 65_535);
}

function parseDays(max: number): (text: string) => number {
  return (text) => parseWhole(text, 1, max);
}

function parseWhole(text: string, min: number, max: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < min || value > max)
    throw new InvalidArgumentError(`Not a number from ${min} to ${max}.`);
  return value;
}

function parseShare(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 1))
    throw new InvalidArgumentError('Not a number from 0 to 1.');
  return value;
}
