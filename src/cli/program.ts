/** The words of the command line. Each command's work is in the file of its name; wrong words exit with 2. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { stringify } from 'yaml';
import { detectionLimits, readConfig } from '../app/config.ts';
import { PACKAGE_DIR, SHIPPED_MODEL } from '../app/model.ts';
import { up } from '../app/up.ts';
import { analyze } from './analyze.ts';
import { bench } from './bench.ts';
import { enforcer } from './enforcer.ts';
import { evaluate } from './evaluate.ts';
import { flows } from './flows.ts';
import { lures } from './lures.ts';
import { packets } from './packets.ts';
import { type ReplayWords, replay } from './replay.ts';
import { showModels, train } from './train.ts';
import { windows } from './windows.ts';

const out = process.stdout;
const err = process.stderr;

export function createProgram(): Command {
  const program = new Command('phantomnet')
    .description('Watches traffic, says what is an attack and why, and stops the attacker.')
    .version(version())
    .option('-c, --config <file>', 'configuration file (YAML)')
    .exitOverride()
    .showHelpAfterError('(phantomnet --help shows the commands)');
  const config = () => readConfig(program.opts<{ config?: string }>().config ?? null);

  program
    .command('up')
    .description('the whole platform on this machine')
    .option('--demo', 'replay the bundled capture also when this is not the first run')
    .option('--no-demo', 'never replay it')
    .option('--no-capture', 'no live capture')
    .option('--no-lures', 'no lures')
    .option('--port <port>', 'port of the server', port)
    .option('--host <address>', 'address that the server listens on')
    .option('--data-dir <folder>', 'where the database and everything else is kept')
    .action((options: UpWords) =>
      up(config(), { ...options, demo: options.demo ?? 'first-run', version: version() }),
    );

  capture(program, 'packets', 'decode: one object per packet').action(
    (files: string[], { json }: JsonWords) => packets(files, { json, out }),
  );
  capture(program, 'flows', 'conversations').action((files: string[], { json }: JsonWords) =>
    flows(files, { json, out }),
  );
  capture(program, 'windows', 'features of every source, target and of the network')
    .addOption(
      new Option('--size <seconds>', 'window length').choices(['5', '30', '180']).default('5'),
    )
    .action((files: string[], { json, size }: JsonWords & { size: string }) =>
      windows(files, { size: Number(size) as 5 | 30 | 180, json, out }),
    );
  capture(program, 'analyze', 'the whole pipeline offline: alerts')
    .option('--report <file>', 'write the alerts as an HTML page')
    .option('--model <file>', 'model file instead of the one that ships')
    .action((files: string[], { json, report, model }: AnalyzeWords) =>
      analyze(files, {
        json,
        report: report ?? null,
        model: model ?? config().model.path,
        limits: detectionLimits(config()),
        out,
        err,
      }),
    );
  capture(program, 'evaluate', 'alerts against labels')
    .option('--labels <file>', 'labels (CSV); without them the captures count as benign')
    .option('--model <file>', 'model file instead of the one that ships')
    .action((files: string[], { json, labels, model }: EvaluateWords) =>
      evaluate(files, {
        json,
        labels: labels ?? null,
        model: model ?? config().model.path,
        limits: detectionLimits(config()),
        out,
        err,
      }),
    );

  program
    .command('train')
    .description('make the model file from labelled captures')
    .option('--plan <file>', 'what to train on', join(PACKAGE_DIR, 'models', 'training.yaml'))
    .requiredOption('--data <folder>', 'the folder that the plan names its captures below')
    .option('--out <file>', 'the model file', SHIPPED_MODEL)
    .action(({ plan, data, out: path }: { plan: string; data: string; out: string }) =>
      train({ plan, data, out: path, err }),
    );
  const models = program.command('models').description('what models there are');
  models
    .command('show', { isDefault: true })
    .description('what a model file holds and how good it was measured to be')
    .argument('[file]', 'model file', SHIPPED_MODEL)
    .option('--json', 'JSON lines', false)
    .action((file: string, { json }: JsonWords) => showModels(file, { json, out }));

  program
    .command('bench')
    .description('speed, as ratios to the peers that are installed')
    .argument('[area...]', 'decode, analyze, ingest, score; without any, all')
    .option('--json', 'JSON lines', false)
    .action((areas: string[], { json }: JsonWords) => bench(areas, { json, out, err }));

  program
    .command('replay')
    .description("captures through a sensor's own path into a server")
    .argument('<file...>', 'capture files')
    .requiredOption('--to <url>', 'the server')
    .option('--key <key>', 'API key of the role sensor; better in PHANTOMNET_KEY')
    .option('--sensor <id>', 'sensor id: the name of the key', 'replay')
    .option('--speed <x|max>', 'recorded seconds per second, or max', 'max')
    .option('--restamp', 'shift the timestamps so that the capture ends now', false)
    .action((files: string[], words: ReplayWords) => replay(files, words, err));

  program
    .command('lures')
    .description('the lures alone')
    .option('--json', 'JSON lines on standard output', false)
    .action(({ json }: JsonWords) => {
      const { data_dir: dataDir, lures: given } = config();
      const ports = { ssh: given.ssh_port, http: given.http_port, ftp: given.ftp_port };
      return lures({ dataDir, host: given.host, ports, json, out, err });
    });
  program
    .command('enforcer')
    .description('the one process that may change the firewall')
    .requiredOption('--socket <path>', 'the Unix socket to listen on')
    .option('--until-stdin-ends', 'end when standard input does', false)
    .action(({ socket, untilStdinEnds }: { socket: string; untilStdinEnds: boolean }) =>
      enforcer({ socket, untilStdinEnds, err }),
    );

  const settings = program.command('config').description('the configuration');
  settings
    .command('show')
    .description('with every default')
    .action(() => {
      out.write(stringify(config()));
    });
  settings
    .command('check')
    .description('says what is wrong with it')
    .action(() => {
      config();
      err.write('The configuration is valid.\n');
    });
  return program;
}

interface JsonWords {
  json: boolean;
}

interface AnalyzeWords extends JsonWords {
  report?: string;
  model?: string;
}

interface EvaluateWords extends JsonWords {
  labels?: string;
  model?: string;
}

interface UpWords {
  demo?: boolean;
  capture: boolean;
  lures: boolean;
  port?: number;
  host?: string;
  dataDir?: string;
}

/** A command that reads capture files. */
function capture(program: Command, name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .argument('<file...>', 'pcap or pcapng, also .gz and .zst; - for standard input')
    .option('--json', 'JSON lines on standard output', false);
}

function port(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 65_535)
    throw new InvalidArgumentError('Not a port number.');
  return value;
}

function version(): string {
  const { version: text } = JSON.parse(readFileSync(join(PACKAGE_DIR, 'package.json'), 'utf8')) as {
    version: string;
  };
  return text;
}
