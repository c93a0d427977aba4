/** The words of the commands that read captures. */
import { type Command, Option } from 'commander';
import { analysisOf } from './config-of.ts';
import type { JsonWords } from './json-words.ts';
import { parseShards } from './parse-words.ts';
import type { ReplayWords } from './replay.ts';

const out = process.stdout;
const err = process.stderr;

interface AnalyzeWords extends JsonWords {
  report?: string;
  model?: string;
  workers: number;
}

export function addCaptures(program: Command): void {
  capture(program, 'packets', 'decode: one object per packet').action(
    async (files: string[], { json }: JsonWords) => {
      const { packets } = await import('./packets.ts');
      await packets(files, { json, out });
    },
  );
  capture(program, 'flows', 'conversations').action(
    async (files: string[], { json }: JsonWords) => {
      const { flows } = await import('./flows.ts');
      await flows(files, { json, out });
    },
  );
  const size = new Option('--size <seconds>', 'window length').choices(['5', '30', '180']);
  capture(program, 'windows', 'features of every source, target and of the network')
    .addOption(size.default('5'))
    .action(async (files: string[], words: JsonWords & { size: string }) => {
      const { windows } = await import('./windows.ts');
      await windows(files, { size: Number(words.size) as 5 | 30 | 180, json: words.json, out });
    });
  capture(program, 'analyze', 'the whole pipeline offline: alerts')
    .option('--report <file>', 'write the alerts as an HTML page')
    .option('--model <file>', 'model file instead of the one that ships')
    .option(
      '--workers <count>',
      'threads that share the packets: the alerts are the same for any number; two cores gain nothing',
      parseShards,
      1,
    )
    .action(async (files: string[], words: AnalyzeWords) => {
      const { analyze } = await import('./analyze.ts');
      const { json, workers, report = null } = words;
      const analysis = await analysisOf(program, words.model);
      await analyze(files, { json, report, workers, ...analysis, out, err });
    });
  capture(program, 'evaluate', 'alerts against labels')
    .option('--labels <file>', 'labels (CSV); without them the captures count as benign')
    .option('--model <file>', 'model file instead of the one that ships')
    .action(async (files: string[], words: JsonWords & { labels?: string; model?: string }) => {
      const { evaluate } = await import('./evaluate.ts');
      const { json, labels = null } = words;
      await evaluate(files, {
        json,
        labels,
        ...(await analysisOf(program, words.model)),
        out,
        err,
      });
    });
  program
    .command('replay')
    .description("captures through a sensor's own path into a server")
    .argument('<file...>', 'capture files')
    .requiredOption('--to <url>', 'the server')
    .option('--key <key>', 'API key of the role sensor; better in PHANTOMNET_KEY')
    .option('--sensor <id>', 'sensor id: the name of the key', 'replay')
    .option('--speed <x|max>', 'recorded seconds per second, or max', 'max')
    .option('--restamp', 'shift the timestamps so that the capture ends now', false)
    .action(async (files: string[], words: ReplayWords) => {
      const { replay } = await import('./replay.ts');
      await replay(files, words, err);
    });
}

/** A command that reads capture files. */
function capture(program: Command, name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .argument('<file...>', 'pcap or pcapng, also .gz and .zst; - for standard input')
    .option('--json', 'JSON lines on standard output', false);
}
