/** Numbers on the command line, within their bounds. */
import { InvalidArgumentError } from 'commander';
import { MAX_SHARDS, MAX_WORKERS } from '../contract/capture.ts';

export function parseWorkers(text: string): number {
  return parseWithin(text, 1, MAX_WORKERS);
}

export function parseShards(text: string): number {
  return parseWithin(text, 1, MAX_SHARDS);
}

export function parseBytes(text: string): number {
  return parseWithin(text, 1, Number.MAX_SAFE_INTEGER);
}

export function parseEvidenceBytes(text: string): number {
  return parseWithin(text, 4 * 2 ** 20, Number.MAX_SAFE_INTEGER);
}

export function parseSnapBytes(text: string): number {
  return parseWithin(text, 64, 65_535);
}

function parseWithin(text: string, min: number, max: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < min || value > max)
    throw new InvalidArgumentError(`Not a whole number from ${min} to ${max}.`);
  return value;
}

export function parsePort(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 65_535)
    throw new InvalidArgumentError('Not a port number.');
  return value;
}
