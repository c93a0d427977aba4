/**
 * The addresses that this machine and the person at it cannot do without: its own, its gateways, its resolvers, and
 * where the administrator's SSH session comes from. They go on the never-block list by themselves.
 */
import { readFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { canonicalAddress } from '../core/response/address.ts';
import type { NeverBlockNetwork } from '../core/response/never-block.ts';

const RESOLVER_FILES = ['/etc/resolv.conf', '/run/systemd/resolve/resolv.conf'];
const ROUTE_FLAG_GATEWAY = 0x2;
/** Ancestors looked at for SSH_CONNECTION, which sudo takes out of the environment. */
const MAX_ANCESTORS = 16;

/** What cannot be read is left out: it does not exist on this system, or is not ours to see. */
export async function ownNetworks(): Promise<NeverBlockNetwork[]> {
  const found: NeverBlockNetwork[] = [];
  const add = (address: string, reason: string) => {
    const cidr = canonicalAddress(address.replace(/%.*$/, ''));
    if (cidr !== null) found.push({ cidr, reason });
  };
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    for (const { address } of addresses ?? []) add(address, `own address on ${name}`);
  }
  for (const gateway of parseRoutes4(await readText('/proc/net/route')))
    add(gateway, 'default gateway');
  for (const gateway of parseRoutes6(await readText('/proc/net/ipv6_route')))
    add(gateway, 'default gateway');
  for (const file of RESOLVER_FILES) {
    for (const resolver of parseResolvers(await readText(file))) add(resolver, 'name resolver');
  }
  const client = await sshClient();
  if (client !== null) add(client, 'SSH session of the administrator');
  return found;
}

/** Gateways of the default routes in /proc/net/route: hexadecimal, in the machine's byte order (little-endian). */
export function parseRoutes4(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const [, destination, gateway, flags, , , , mask] = line.trim().split(/\s+/);
    if (destination !== '00000000' || mask !== '00000000' || !/^[0-9A-F]{8}$/i.test(gateway ?? ''))
      return [];
    if (!(Number.parseInt(flags ?? '0', 16) & ROUTE_FLAG_GATEWAY)) return [];
    return [[...Buffer.from(gateway ?? '', 'hex')].reverse().join('.')];
  });
}

/** Gateways of the default routes in /proc/net/ipv6_route. */
export function parseRoutes6(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const [destination, prefix, , , gateway, , , , flags] = line.trim().split(/\s+/);
    if (
      !/^0{32}$/.test(destination ?? '') ||
      prefix !== '00' ||
      !/^[0-9a-f]{32}$/i.test(gateway ?? '')
    )
      return [];
    if (!(Number.parseInt(flags ?? '0', 16) & ROUTE_FLAG_GATEWAY)) return [];
    return [(gateway ?? '').replace(/.{4}(?=.)/g, '$&:')];
  });
}

export function parseResolvers(text: string): string[] {
  return [...text.matchAll(/^\s*nameserver\s+(\S+)/gm)].map((match) => match[1] ?? '');
}

/** The client's address, from our own environment or that of the nearest ancestor that has one. */
async function sshClient(): Promise<string | null> {
  let client = clientOf(process.env.SSH_CONNECTION);
  let pid = process.ppid;
  for (let level = 0; client === null && pid > 1 && level < MAX_ANCESTORS; level++) {
    const environment = await readText(`/proc/${pid}/environ`);
    client = clientOf(/(?:^|\0)SSH_CONNECTION=([^\0]*)/.exec(environment)?.[1]);
    // The name, in brackets, may hold anything; the parent comes second after it (proc_pid_stat(5)).
    const stat = (await readText(`/proc/${pid}/stat`)).replace(/^.*\)/s, '').trim();
    pid = Number(stat.split(' ')[1] ?? 0);
  }
  return client;
}

/** SSH_CONNECTION: client address, client port, server address, server port. */
function clientOf(connection: string | undefined): string | null {
  return connection?.split(' ')[0] ?? null;
}

async function readText(path: string): Promise<string> {
  return await readFile(path, 'utf8').catch(() => '');
}
