/**
 * What a tunnel protocol brings to the decoder: where it is looked for, and how to get to what it carries.
 * The catalogue is `tunnels.ts`.
 *
 * Anybody can send a tunnelled packet with any addresses in it, also both sides of a conversation that never
 * was. So what is inside is seen, but never proves its sender (`core/flows` takes no handshake in a tunnel for one).
 */
import type { LinkHeader } from './link-header.ts';
import type { Span } from './span.ts';

export interface Tunnel {
  /** Stands in the column `tunnel`. */
  readonly name: string;
  /** Its name where the outer packet is IPv6; default: the same. */
  readonly nameInIpv6?: string;
  /** Protocol numbers of the IP payload. */
  readonly ipProtocols?: readonly number[];
  /** Either port of a datagram. */
  readonly udpPorts?: readonly number[];
  /**
   * Reads the tunnel's header at `span.start` and fills `inner` with what it carries and where; false where
   * it is none, does not fit the captured bytes, or carries nothing that we read. Nothing else is changed.
   */
  readonly read: (span: Span, inner: LinkHeader) => boolean;
}
