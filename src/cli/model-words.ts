/** The words of training, of the models and of the bench. */
import { availableParallelism } from 'node:os';
import { type Command, Option } from 'commander';
import { BASE_EXAMPLES, SHIPPED_MODEL, TRAINING_PLAN } from '../app/package-paths.ts';
import { MAX_WORKERS } from '../contract/capture.ts';
import { AppError } from '../errors.ts';
import { configOf, inDataDir } from './config-of.ts';
import type { JsonWords } from './json-words.ts';
import { parseWorkers } from './parse-words.ts';

const out = process.stdout;
const err = process.stderr;

interface TrainWords {
  plan: string;
  data?: string;
  out: string;
  fromSite: boolean;
  dataDir?: string;
  workers: number;
}

export function addModels(program: Command): void {
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
    .argument(
      '[area...]',
      'decode, analyze, ingest, stream, query, train, score, live; without any, all',
    )
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
  command('unpin', 'let go of pinned captures, also of files that are gone')
    .argument('<file...>', 'capture files')
    .action(async (files: string[], words: RegistryWords) => {
      const { unpinCaptures } = await import('./registry.ts');
      await unpinCaptures(files, await contextOf(words));
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
