/** The words of the platform and its roles. Each command's work is in the file of its name, loaded only when it is wanted. */
import { type Command, Option } from 'commander';
import { CAPTURE_METHODS } from '../contract/capture.ts';
import { configOf } from './config-of.ts';
import type { EvidenceWords } from './evidence.ts';
import type { JsonWords } from './json-words.ts';
import {
  parseBytes,
  parseEvidenceBytes,
  parsePort,
  parseSnapBytes,
  parseWorkers,
} from './parse-words.ts';
import type { SensorCommandOptions } from './sensor.ts';

const out = process.stdout;
const err = process.stderr;

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

export function addPlatform(program: Command): void {
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
    .option('--metrics-port <port>', 'answer /metrics and /health here', parsePort)
    .option('--json', 'counters as JSON lines on standard output', false)
    .action(async ({ json, metricsPort }: JsonWords & { metricsPort?: number }) => {
      const { workerCommand } = await import('./roles.ts');
      const config = await configOf(program);
      if (metricsPort !== undefined) config.worker.metrics_port = metricsPort;
      await workerCommand(config, { json });
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
