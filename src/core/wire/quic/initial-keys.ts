/**
 * The keys of a client's Initial packets (RFC 9001 §5.2, RFC 9369 §3.3): they follow from the connection ID
 * that the client chose for the server, so that anyone on the way can open the packets.
 */
import { hkdfExpand, hkdfExtract, hkdfLabel } from '../../crypto/hkdf.ts';
import type { QuicVersion } from './versions.ts';

export interface InitialKeys {
  /** 16 bytes. */
  readonly key: Uint8Array;
  /** 12 bytes. */
  readonly iv: Uint8Array;
  /** For the header; 16 bytes. */
  readonly headerKey: Uint8Array;
}

const SECRET_BYTES = 32;
const KEY_BYTES = 16;
const IV_BYTES = 12;

const CLIENT_IN = hkdfLabel('client in', SECRET_BYTES);
const LABELS = { quic: labelsOf('quic'), quicv2: labelsOf('quicv2') };

export function initialKeys({ salt, labelPrefix }: QuicVersion, id: Uint8Array): InitialKeys {
  const secret = hkdfExpand(hkdfExtract(salt, id), CLIENT_IN, SECRET_BYTES);
  const labels = LABELS[labelPrefix];
  return {
    key: hkdfExpand(secret, labels.key, KEY_BYTES),
    iv: hkdfExpand(secret, labels.iv, IV_BYTES),
    headerKey: hkdfExpand(secret, labels.headerKey, KEY_BYTES),
  };
}

function labelsOf(prefix: string) {
  return {
    key: hkdfLabel(`${prefix} key`, KEY_BYTES),
    iv: hkdfLabel(`${prefix} iv`, IV_BYTES),
    headerKey: hkdfLabel(`${prefix} hp`, KEY_BYTES),
  };
}
