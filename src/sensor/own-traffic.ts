/** The conversations a sensor itself causes by shipping, for the capture filter. */
import { lookup } from 'node:dns/promises';
import { isIPv4 } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Conversation } from '../capture/exclude-filter.ts';

/** Between this host's addresses and the server. Empty where the server's name cannot be resolved now. */
export async function ownTraffic(url: string): Promise<Conversation[]> {
  const { hostname, port, protocol } = new URL(url);
  const serverPort = Number(port) || (protocol === 'https:' ? 443 : 80);
  const name = hostname.replace(/^\[|\]$/g, '');
  const servers = await lookup(name, { all: true }).catch(() => []);
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return servers.flatMap(({ address: server }) => {
    const isOwn = own.some(({ address }) => address === server);
    const clients = isOwn
      ? [server]
      : own.filter(({ internal }) => !internal).map((a) => a.address);
    return clients
      .filter((client) => isIPv4(client) === isIPv4(server))
      .map((client) => ({ client, server, serverPort }));
  });
}
