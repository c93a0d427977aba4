/**
 * The words of the command line; wrong words exit with 2. Each command's work is in the file of its
 * name, loaded only when it is wanted: the enforcer must not carry the database in its memory.
 */
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import {
  BASE_EXAMPLES,
  packageVersion,
  SHIPPED_MODEL,
  TRAINING_PLAN,
} from '../app/package-paths.ts';
import { CAPTURE_METHODS, MAX_WORKERS } from '../contract/capture.ts';
import { AppError } from '../errors.ts';
import type { EvidenceWords } from './evidence.ts';
import type { ReplayWords } from './replay.ts';
import type { SensorCommandOptions } from './sensor.ts';
import { addStore } from './store-words.ts';
import { addTriage } from './triage-words.ts';

const out = process.stdout;
const err = process.stderr;

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

interface JsonWords {
  json: boolean;
}

interface UpWords {
  demo?: boolean;
  capture: boolean;
  lures: boolean;
  port?: number;
  host?: string;
  dataDir?: string;
}

interface ServerWords {
  port?: number;
  host?: string;
  tlsCert?: string;
  tlsKey?: string;
}

function addPlatform(program: Command): void {
  program
    .command('up')
    .description('the whole platform on this machine')
    .option('--demo', 'replay the bundled capture also when this is not the first run')
    .option('--no-demo', 'never replay it')
    .option('--no-capture', 'no live capture')
    .option('--no-lures', 'no lures')
    .option('--port <port>', 'port of the server', parsePort)
    .option('--host <address>', 'address that the server listens on')
    .option('--data-dir <folder>', 'where the database and everything else is kept')
    .action(async (words: UpWords) => {
      const { up } = await import('../app/up.ts');
      await up(await configOf(program), { ...words, demo: words.demo ?? 'first-run' });
    });
  program
    .command('server')
    .description('the front end of a platform of many machines: takes batches, answers people')
    .option('--port <port>', 'port of the server', parsePort)
    .option('--host <address>', 'address that the server listens on')
    .option('--tls-cert <file>', 'speaks https with this certificate (PEM); else a proxy may')
    .option('--tls-key <file>', "the certificate's key (PEM)")
    .action(async ({ port, host, ...tls }: ServerWords) => {
      const { serverCommand } = await import('./roles.ts');
      const config = await configOf(program);
      const server = {
        ...config.server,
        ...(port !== undefined && { port }),
        ...(host !== undefined && { host }),
      };
      await serverCommand({ ...config, server }, tls);
    });
  program
    .command('worker')
    .description('takes its share of what sensors delivered to all servers, and analyses it')
    .option('--json', 'counters as JSON lines on standard output', false)
    .action(async (words: JsonWords) => {
      const { workerCommand } = await import('./roles.ts');
      await workerCommand(await configOf(program), words);
    });
  const sensor = program
    .command('sensor')
    .description('captures on this machine and ships to a server')
    .requiredOption('--to <url>', 'the server')
    .option('--key <key>', 'API key of the role sensor; better in PHANTOMNET_KEY')
    .option('--ca <file>', 'certificate authority of an https server (PEM); else the public ones')
    .option('--fingerprint <sha256>', "of an https server's own certificate: no other is accepted")
    .option('--id <name>', 'sensor id: the name of the key', 'local')
    .option('--interface <name...>', 'interfaces to capture on', ['any'])
    .option('--promiscuous', 'frames for others too', false)
    .option('--filter <expression>', 'capture only this, in the language of docs/capture-filter.md')
    .option('--workers <count>', 'threads that share the packets, flow by flow', parseWorkers, 1)
    .addOption(
      new Option('--method <name>', 'what captures').choices(CAPTURE_METHODS).default('auto'),
    )
    .option('--spool <folder>', 'where batches wait for the server', 'data/spool')
    .option('--evidence <folder>', 'where the last packets are kept', 'data/evidence')
    .option('--no-evidence', 'keep no packets')
    .option('--evidence-bytes <count>', 'of the packets kept, at most', parseEvidenceBytes)
    .option('--snap-bytes <count>', 'of each packet kept, at most', parseSnapBytes)
    .option('--json', 'counters as JSON lines on standard output', false)
    .action(async (words: SensorCommandOptions) => {
      const { sensorCommand } = await import('./sensor.ts');
      await sensorCommand(words);
    });
  sensor
    .command('resend')
    .description('sends what the server had refused again; takes --to, --key, --spool of sensor')
    .action(async (_: object, command: Command) => {
      const { resendCommand } = await import('./sensor.ts');
      await resendCommand(command.optsWithGlobals<SensorCommandOptions>());
    });
  program
    .command('evidence')
    .description('packets that a sensor on this machine still keeps, as a capture')
    .option('--dir <folder>', 'where they are kept', 'data/evidence')
    .option('--sensor <id>', 'of one sensor; else of all that keep theirs there')
    .option('--host <ip>', 'from or to this address')
    .option('--port <port>', 'from or to this port', parsePort)
    .option('--protocol <name>', 'TCP, UDP, ICMP, ICMPv6, ARP or OTHER')
    .option('--from <time>', 'not before: 2026-01-31T12:00:00Z, or seconds since the epoch')
    .option('--to <time>', 'not after')
    .option('--max-bytes <count>', 'at most so many bytes of packets', parseBytes, 2 ** 30)
    .requiredOption('-w, --write <file>', 'the pcapng file; - for standard output')
    .action(async (words: EvidenceWords) => {
      const { evidence } = await import('./evidence.ts');
      await evidence(words, err);
    });
  program
    .command('lures')
    .description('the lures alone')
    .option('--json', 'JSON lines on standard output', false)
    .action(async ({ json }: JsonWords) => {
      const { lures } = await import('./lures.ts');
      const { data_dir: dataDir, lures: given } = await configOf(program);
      const ports = { ssh: given.ssh_port, http: given.http_port, ftp: given.ftp_port };
      await lures({ dataDir, host: given.host, ports, json, out, err });
    });
  program
    .command('enforcer')
    .description('the one process that may change the firewall')
    .requiredOption('--socket <path>', 'the Unix socket to listen on')
    .option('--until-stdin-ends', 'end when standard input does', false)
    .action(async (words: { socket: string; untilStdinEnds: boolean }) => {
      const { enforcer } = await import('./enforcer.ts');
      await enforcer({ ...words, err });
    });
}

interface AnalyzeWords extends JsonWords {
  report?: string;
  model?: string;
  workers: number;
}

function addCaptures(program: Command): void {
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
      'threads that share the packets: the alerts are the same for any number',
      parseWorkers,
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

interface TrainWords {
  plan: string;
  data?: string;
  out: string;
  fromSite: boolean;
  dataDir?: string;
  workers: number;
}

function addModels(program: Command): void {
  program
    .command('train')
    .description(
      'make the model file from labelled captures, or a challenger from what this site has seen',
    )
    .option('--plan <file>', 'what to train on', TRAINING_PLAN)
    .option('--data <folder>', 'the folder that the plan names its captures below')
    .option('--out <file>', 'the model file', SHIPPED_MODEL)
    .option(
      '--from-site',
      'from the database: lures touched, alerts resolved or called false',
      false,
    )
    .option('--data-dir <folder>', 'the data folder, with --from-site')
    .option(
      '--workers <count>',
      'threads: the file is the same for any number',
      parseWorkers,
      Math.min(MAX_WORKERS, availableParallelism()),
    )
    .action(async (words: TrainWords) => {
      if (words.fromSite) {
        const { trainSite } = await import('./train-site.ts');
        const config = inDataDir(await configOf(program), words.dataDir);
        return trainSite(config, { workers: words.workers, out, err });
      }
      const { data } = words;
      if (data === undefined)
        throw new AppError('usage', 'Cannot train: give --data FOLDER, or --from-site');
      const { train } = await import('./train.ts');
      const base = words.out === SHIPPED_MODEL ? BASE_EXAMPLES : null;
      await train({ ...words, data, base, err });
    });
  const models = program.command('models').description('what models there are');
  models
    .command('list')
    .description('the models of a file, one a line')
    .argument('[file]', 'model file', SHIPPED_MODEL)
    .option('--json', 'JSON lines', false)
    .action(async (file: string, { json }: JsonWords) => {
      const { listModels } = await import('./train.ts');
      listModels(file, { json, out });
    });
  models
    .command('show')
    .description('what a model file holds and how good it was measured to be')
    .argument('[file]', 'model file', SHIPPED_MODEL)
    .option('--json', 'JSON lines', false)
    .action(async (file: string, { json }: JsonWords) => {
      const { showModels } = await import('./train.ts');
      showModels(file, { json, out });
    });
  addRegistry(program, models);
  program
    .command('bench')
    .description('speed, as ratios to the peers that are installed')
    .argument('[area...]', 'decode, analyze, ingest, stream, query, score, live; without any, all')
    .option('--json', 'JSON lines', false)
    .action(async (areas: string[], { json }: JsonWords) => {
      const { bench } = await import('./bench.ts');
      await bench(areas, { json, out, err });
    });
}

/** The registry of a data folder: what judges, what is tried beside it, what judged before. */
function addRegistry(program: Command, models: Command): void {
  interface RegistryWords extends JsonWords {
    dataDir?: string;
  }
  const command = (name: string, description: string) =>
    models
      .command(name)
      .description(description)
      .option('--data-dir <folder>', 'the data folder')
      .option('--json', 'JSON lines', false);
  const contextOf = async ({ json, dataDir }: RegistryWords) => {
    const { detectionLimits } = await import('../app/config.ts');
    const config = inDataDir(await configOf(program), dataDir);
    return { config, limits: detectionLimits(config), json, out, err };
  };
  command('registry', 'registered models: champion, challenger and what was promoted when').action(
    async (words: RegistryWords) => {
      const { showRegistry } = await import('./registry.ts');
      await showRegistry(await contextOf(words));
    },
  );
  command('add', 'register a model file: it becomes the challenger')
    .argument('<file>', 'model file')
    .action(async (file: string, words: RegistryWords) => {
      const { addModel } = await import('./registry.ts');
      await addModel(file, await contextOf(words));
    });
  command('pin', 'captures without attack on which a new champion must not alert more')
    .argument('<file...>', 'capture files')
    .action(async (files: string[], words: RegistryWords) => {
      const { pinCaptures } = await import('./registry.ts');
      await pinCaptures(files, await contextOf(words));
    });
  command('shadow', 'champion and challenger over captures: where they differ')
    .argument('<file...>', 'capture files')
    .action(async (files: string[], words: RegistryWords) => {
      const { shadowOver } = await import('./registry.ts');
      await shadowOver(files, await contextOf(words));
    });
  command('promote', 'make a registered model the champion, if no pinned capture objects')
    .argument('<hash>', 'the beginning of its hash')
    .action(async (hash: string, words: RegistryWords) => {
      const { promoteModel } = await import('./registry.ts');
      await promoteModel(hash, await contextOf(words));
    });
  command('rollback', 'back to the champion before').action(async (words: RegistryWords) => {
    const { rollBack } = await import('./registry.ts');
    await rollBack(await contextOf(words));
  });
  command('drift', 'how far captures are from what the champion was trained on')
    .argument('<file...>', 'capture files')
    .option('--model <file>', 'model file instead of the champion')
    .action(async (files: string[], words: RegistryWords & { model?: string }) => {
      const { drift } = await import('./drift.ts');
      await drift(files, words.model ?? null, await contextOf(words));
    });
  models
    .command('export')
    .description('a model for other libraries')
    .argument('<name>', 'its name in the file')
    .addOption(
      new Option('--format <name>', 'what to write').choices(['onnx', 'xgboost']).default('onnx'),
    )
    .option('--file <file>', 'model file', SHIPPED_MODEL)
    .requiredOption('--out <file>', 'where to write it')
    .action(
      async (name: string, words: { format: 'onnx' | 'xgboost'; file: string; out: string }) => {
        const { exportTo } = await import('./exchange.ts');
        exportTo(name, words.format, words);
      },
    );
  models
    .command('import')
    .description('a model file with one model taken from XGBoost, LightGBM or ONNX')
    .argument('<from>', 'JSON, UBJ, text or ONNX')
    .requiredOption('--as <name>', 'the model whose place it takes')
    .option('--file <file>', 'model file with the others', SHIPPED_MODEL)
    .requiredOption('--out <file>', 'the new model file')
    .action(async (from: string, words: { as: string; file: string; out: string }) => {
      const { importFrom } = await import('./exchange.ts');
      importFrom(from, words.as, words);
    });
  models
    .command('card')
    .description('what a model file is and how good it was measured to be, in Markdown')
    .argument('[file]', 'model file', SHIPPED_MODEL)
    .action(async (file: string) => {
      const { showCard } = await import('./train.ts');
      showCard(file, out);
    });
}

function addSettings(program: Command): void {
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
      out.write(stringify(await configOf(program)));
    });
  settings
    .command('check')
    .description('says what is wrong with it')
    .action(async () => {
      await configOf(program);
      err.write('The configuration is valid.\n');
    });
}

async function configOf(program: Command) {
  const { readConfig } = await import('../app/config.ts');
  return readConfig(program.opts<{ config?: string }>().config ?? null);
}

function inDataDir<Config extends { data_dir: string }>(config: Config, dataDir?: string): Config {
  return dataDir === undefined ? config : { ...config, data_dir: resolve(dataDir) };
}

async function analysisOf(program: Command, model: string | undefined) {
  const { detectionLimits } = await import('../app/config.ts');
  const config = await configOf(program);
  if (model !== undefined) {
    // Without the one that ships all else goes on; a model that was asked for must be there.
    const { readModelFile } = await import('../app/model.ts');
    readModelFile(model);
  }
  const { championFile } = await import('../app/model.ts');
  return {
    model: model ?? championFile(config),
    falseAlarmsPerDay: config.model.false_alarms_per_day,
    limits: detectionLimits(config),
  };
}

/** A command that reads capture files. */
function capture(program: Command, name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .argument('<file...>', 'pcap or pcapng, also .gz and .zst; - for standard input')
    .option('--json', 'JSON lines on standard output', false);
}

function parseWorkers(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > MAX_WORKERS)
    throw new InvalidArgumentError(`Not a number from 1 to ${MAX_WORKERS}.`);
  return value;
}

function parseBytes(text: string): number {
  return parseWithin(text, 1, Number.MAX_SAFE_INTEGER);
}

function parseEvidenceBytes(text: string): number {
  return parseWithin(text, 4 * 2 ** 20, Number.MAX_SAFE_INTEGER);
}

function parseSnapBytes(text: string): number {
  return parseWithin(text, 64, 65_535);
}

function parseWithin(text: string, min: number, max: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < min || value > max)
    throw new InvalidArgumentError(`Not a whole number from ${min} to ${max}.`);
  return value;
}

function parsePort(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 65_535)
    throw new InvalidArgumentError('Not a port number.');
  return value;
}
