#!/usr/bin/env node
/** The `phantomnet` command: commander reads the words, one file per command does the work, errors become exit codes here. */
import { CommanderError } from 'commander';
import { AppError } from '../errors.ts';
import { isRightNode, runOnPinnedNode } from './right-node.ts';

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // The reader (`head`, a closed pager) has enough: not a failure of ours.
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

process.exitCode = isRightNode(process.versions.node) ? await run() : await runOnPinnedNode();

async function run(): Promise<number> {
  try {
    const { createProgram } = await import('./program.ts');
    await createProgram().parseAsync();
    return 0;
  } catch (error) {
    return report(error);
  }
}

/** Prints one line for an expected failure and returns its exit code; a bug ends the process with its stack. */
function report(error: unknown): number {
  // Commander has printed its message already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (!(error instanceof AppError)) throw error;
  process.stderr.write(`phantomnet: ${error.message}\n`);
  return error.exitCode;
}
