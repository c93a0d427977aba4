/** The versions of QUIC that are known: those whose Initial packets can be opened, and those that are only recognised. */

export interface QuicVersion {
  /** RFC 9001 §5.2, RFC 9369 §3.3.1, and drafts of the former. */
  readonly salt: Uint8Array;
  /** Before `key`, `iv` and `hp` in the labels. */
  readonly labelPrefix: 'quic' | 'quicv2';
  /** Type bits of an Initial packet. */
  readonly initialType: number;
}

const VERSION_1 = 0x0000_0001;
const VERSION_2 = 0x6b33_43cf;
const DRAFTS = 0xff00_0000;
const LAST_DRAFT = 34;
/** Facebook's, after draft 22. */
const MVFST_1 = 0xface_b001;

const RFC_9001 = versionOf('38762cf7f55934b34d179ae6a4c80cadccbb7f0a', 'quic', 0);
const RFC_9369 = versionOf('0dede3def700a6db819381be6e269dcbf9bd2ed9', 'quicv2', 1);
const DRAFT_29 = versionOf('afbfec289993d24c9e9786f19c6111e04390a899', 'quic', 0);
const DRAFT_21 = versionOf('7fbcdb0e7c66bbe9193a96cd21519ebd7a02644a', 'quic', 0);
const DRAFT_23 = versionOf('c3eef712c72ebb5a11a7d2432bb46365bef9f502', 'quic', 0);

/** How to open the version's Initial packets; null: not known how. */
export function openableVersion(version: number): QuicVersion | null {
  if (version === VERSION_1) return RFC_9001;
  if (version === VERSION_2) return RFC_9369;
  const draft = draftOf(version);
  if (draft > 32) return RFC_9001;
  if (draft > 28) return DRAFT_29;
  if (draft > 22) return DRAFT_23;
  return draft > 20 || version === MVFST_1 ? DRAFT_21 : null;
}

/** A version that someone speaks, or that is reserved to exercise the negotiation (RFC 9000 §15). */
export function isKnownVersion(version: number): boolean {
  return (
    version === VERSION_1 ||
    version === VERSION_2 ||
    draftOf(version) >= 0 ||
    (version & 0x0f0f_0f0f) === 0x0a0a_0a0a ||
    version >>> 4 === 0xface_b00 || // Facebook's mvfst
    isGoogleVersion(version)
  );
}

/** `Q` or `T`, then three digits: Google's QUIC before the standard, with or without TLS. */
export function isGoogleVersion(version: number): boolean {
  const letter = version >>> 24;
  return (
    (letter === 0x51 || letter === 0x54) &&
    isDigit((version >> 16) & 0xff) &&
    isDigit((version >> 8) & 0xff) &&
    isDigit(version & 0xff)
  );
}

/** -1: it is no draft. */
function draftOf(version: number): number {
  const draft = version - DRAFTS;
  return draft >= 0 && draft <= LAST_DRAFT ? draft : -1;
}

function isDigit(char: number): boolean {
  return char >= 0x30 && char <= 0x39;
}

function versionOf(salt: string, labelPrefix: 'quic' | 'quicv2', initialType: number): QuicVersion {
  const pairs = salt.match(/../g) ?? [];
  return {
    salt: Uint8Array.from(pairs, (pair) => Number.parseInt(pair, 16)),
    labelPrefix,
    initialType,
  };
}
