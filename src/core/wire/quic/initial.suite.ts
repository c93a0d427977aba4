/** A client's Initial packets for tests, sealed by OpenSSL, and the hello of RFC 9001 Appendix A.2. */
import { createCipheriv, createHmac } from 'node:crypto';
import { bytesOf } from '../hex-frame.suite.ts';

/** The handshake message of the appendix: example.com, ALPN "alpn". */
export const RFC_HELLO = bytesOf(`
  010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c000004130113020100
  00c000000010000e00000b6578616d706c652e636f6dff01000100000a00080006001d001700180010000700050461
  6c706e000500050100000000003300260024001d00209370b2c9caa47fbabaf4559fedba753de171fa71f50f1ce15d
  43e994ec74d748002b0003020304000d0010000e0403050306030203080408050806002d00020101001c0002400100
  3900320408ffffffffffffffff05048000ffff07048000ffff0801100104800075300901100f088394c8f03e515708
  06048000ffff`);
export const RFC_JA4 = 'q13d0211an_62ed6f6ca7ad_4d634acda6c0';
export const RFC_ID = bytesOf('8394c8f03e515708');

const V1 = { salt: '38762cf7f55934b34d179ae6a4c80cadccbb7f0a', prefix: 'quic', initial: 0 };
const V2 = { salt: '0dede3def700a6db819381be6e269dcbf9bd2ed9', prefix: 'quicv2', initial: 1 };
const VERSIONS = new Map([
  [0x0000_0001, V1],
  [0x6b33_43cf, V2],
]);

export interface InitialPacket {
  version?: number;
  /** The ID in the header. */
  id?: Uint8Array;
  /** The ID that the keys follow from, if another. */
  keyId?: Uint8Array;
  number?: number;
  token?: Uint8Array;
  frames: readonly Uint8Array[];
  /** Of the packet; frames are filled up with PADDING. */
  bytes?: number;
}

export function sealInitial(packet: InitialPacket): Uint8Array {
  const { version = 1, id = RFC_ID, number = 2, token = new Uint8Array(0), bytes = 1200 } = packet;
  const { salt, prefix, initial } = VERSIONS.get(version) ?? V1;
  const secret = expand(hmac(bytesOf(salt), packet.keyId ?? id), 'client in', 32);
  const header = Uint8Array.of(
    ...[0xc3 | (initial << 4), ...word(version), id.length, ...id, 0],
    ...[0x40 | (token.length >> 8), token.length & 0xff, ...token].slice(token.length ? 0 : 1),
    ...[0, 0, ...word(number)],
  );
  const plain = new Uint8Array(bytes - header.length - 16);
  plain.set(packet.frames.flatMap((frame) => [...frame]));
  const length = 4 + plain.length + 16;
  header[header.length - 6] = 0x40 | (length >> 8);
  header[header.length - 5] = length & 0xff;
  const iv = expand(secret, `${prefix} iv`, 12);
  for (const [i, digit] of word(number).entries()) iv[8 + i]! ^= digit;
  const cipher = createCipheriv('aes-128-gcm', expand(secret, `${prefix} key`, 16), iv);
  cipher.setAAD(header);
  const sealed = [...cipher.update(plain), ...cipher.final(), ...cipher.getAuthTag()];
  const hp = createCipheriv('aes-128-ecb', expand(secret, `${prefix} hp`, 16), null);
  const mask = hp.update(Uint8Array.from(sealed.slice(0, 16)));
  header[0]! ^= mask[0]! & 0x0f;
  for (let i = 0; i < 4; i++) header[header.length - 4 + i]! ^= mask[1 + i]!;
  return Uint8Array.from([...header, ...sealed]);
}

/** A CRYPTO frame with `message[start, end)`. */
export function cryptoFrame(message: Uint8Array, start = 0, end = message.length): Uint8Array {
  const length = end - start;
  const offset = start < 64 ? [start] : [0x40 | (start >> 8), start & 0xff];
  return Uint8Array.from([
    6,
    ...offset,
    0x40 | (length >> 8),
    length & 0xff,
    ...message.slice(start, end),
  ]);
}

function expand(secret: Uint8Array, label: string, count: number): Uint8Array {
  const text = `tls13 ${label}`;
  const info = [0, count, text.length, ...[...text].map((char) => char.charCodeAt(0)), 0, 1];
  return hmac(secret, Uint8Array.from(info)).slice(0, count);
}

function hmac(key: Uint8Array, data: Uint8Array): Uint8Array {
  return Uint8Array.from(createHmac('sha256', key).update(data).digest());
}

function word(value: number): number[] {
  return [value >>> 24, (value >> 16) & 0xff, (value >> 8) & 0xff, value & 0xff];
}
