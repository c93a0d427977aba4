/** The country of an address, from the table that ships with us: nothing is asked of the network. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { BlockList, isIP } from 'node:net';
import { dirname, join } from 'node:path';
import { type Response as MmdbResponse, Reader } from 'mmdb-lib';

const PACKAGE = '@ip-location-db/geo-whois-asn-country-mmdb';
const FILE = 'geo-whois-asn-country.mmdb';
const MAX_CACHED = 8_192;

export interface Geolocation {
  /** ISO 3166 code; null for private and reserved ranges, and for what is no address. */
  countryOf(ip: string): string | null;
}

/** Reads the table (8 MB) once; answers are kept for the 8,192 addresses used last. */
export function openGeolocation(): Geolocation {
  const folder = dirname(createRequire(import.meta.url).resolve(`${PACKAGE}/package.json`));
  const reader = new Reader<MmdbResponse>(readFileSync(join(folder, FILE)));
  const local = localRanges();
  const cache = new Map<string, string | null>();

  const find = (ip: string): string | null => {
    const family = isIP(ip);
    if (family === 0 || local.check(ip, family === 4 ? 'ipv4' : 'ipv6')) return null;
    const found = reader.get(ip) as { country_code?: string } | null;
    const code = found?.country_code;
    return code !== undefined && /^[A-Z]{2}$/.test(code) && code !== 'ZZ' ? code : null;
  };

  return {
    countryOf(ip) {
      let country = cache.get(ip);
      if (country === undefined) {
        country = find(ip);
        if (cache.size >= MAX_CACHED) cache.delete(cache.keys().next().value ?? ip);
      } else {
        cache.delete(ip);
      }
      cache.set(ip, country);
      return country;
    },
  };
}

/** Of the special-purpose registries (RFC 6890) those that are no place. */
function localRanges(): BlockList {
  const list = new BlockList();
  for (const [network, bits] of [
    ['0.0.0.0', 8],
    ['10.0.0.0', 8],
    ['100.64.0.0', 10],
    ['127.0.0.0', 8],
    ['169.254.0.0', 16],
    ['172.16.0.0', 12],
    ['192.0.0.0', 24],
    ['192.0.2.0', 24],
    ['192.168.0.0', 16],
    ['198.18.0.0', 15],
    ['198.51.100.0', 24],
    ['203.0.113.0', 24],
    ['224.0.0.0', 3],
  ] as const) {
    list.addSubnet(network, bits, 'ipv4');
  }
  for (const [network, bits] of [
    ['::', 128],
    ['::1', 128],
    ['2001:db8::', 32],
    ['fc00::', 7],
    ['fe80::', 10],
    ['ff00::', 8],
  ] as const) {
    list.addSubnet(network, bits, 'ipv6');
  }
  return list;
}
