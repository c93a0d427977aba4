/**
 * The application protocols that are read, in the order in which a payload is offered to them: those that
 * know their messages for certain before those that go by ports. To add one: its file in `protocols/` and its
 * line here.
 */
import type { AppProtocol } from './app-protocol.ts';
import { dns } from './protocols/dns.ts';
import { http } from './protocols/http.ts';
import { llmnr } from './protocols/llmnr.ts';
import { mdns } from './protocols/mdns.ts';
import { ssdp } from './protocols/ssdp.ts';

export const APP_PROTOCOLS: readonly AppProtocol[] = [
  dns, //
  mdns,
  llmnr,
  http,
  ssdp,
];
