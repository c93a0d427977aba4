/** The conversations a sensor itself causes by shipping, for the capture filter. */
import { lookup } from 'node:dns/promises';
import { isIPv4 } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Conversation } from '../capture/exclude-filter.ts';

/**
 * Between this host's addresses and the server; where the server is this host, between each of its
 * addresses and itself, which is the dashboard's traffic too when its user sits here. Empty where the
 * server's name cannot be resolved now; an address that the host gets later is not among them.
 */
export async function ownTraffic(url: string): Promise<Conversation[]> {
  const { hostname, port, protocol } = new URL(url);
  const serverPort = Number(port) || (protocol === 'https:' ? 443 : 80);
  const name = hostname.replace(/^\[|\]$/g, '');
  const servers = await lookup(name, { all: true }).catch(() => []);
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const conversations = new Map<string, Conversation>();
  const add = (client: string, server: string) =>
    conversations.set(`${client} ${server}`, { client, server, serverPort });
  for (const { address: server } of servers) {
    if (own.some(({ address }) => address === server)) {
      for (const { address } of own) add(address, address);
      continue;
    }
    for (const { address, internal } of own)
      if (!internal && isIPv4(address) === isIPv4(server)) add(address, server);
  }
  return [...conversations.values()];
}
