/** The words of the commands that ask a running platform: alerts, explanations, blocks. */
import { resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import type { Config } from '../app/config.ts';
import type { VerifyWords } from './verify.ts';

const out = process.stdout;

interface ServerWords {
  readonly url?: string;
  readonly dataDir?: string;
  readonly json: boolean;
}

/** @param readConfig where the data folder stands if no word says it */
export function addTriage(program: Command, readConfig: () => Promise<Config>): void {
  async function open({ url, dataDir }: ServerWords) {
    const { openApi } = await import('./api-client.ts');
    const folder = dataDir === undefined ? (await readConfig()).data_dir : resolve(dataDir);
    return await openApi({ url, dataDir: folder, env: process.env });
  }

  asking(program, 'alerts', 'what was found, newest first')
    .option('--limit <count>', 'at most so many', parseCount, 50)
    .option('--type <kind>', 'of one kind, such as Port_Scan')
    .option('--severity <level>', 'Critical, High, Medium or Low')
    .option('--status <status>', 'open, acknowledged, resolved or false_positive')
    .option('--source <ip>', 'from one source')
    .action(async (words: ServerWords & { limit: number }) => {
      const { alerts } = await import('./alerts.ts');
      await alerts(await open(words), { ...words, out });
    });
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
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 1_000_000)
    throw new InvalidArgumentError('Not a number from 1 to 1000000.');
  return value;
}
