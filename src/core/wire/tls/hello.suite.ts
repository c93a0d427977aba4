/** Client hellos for tests, from lists of what they offer. */

export interface HelloLists {
  version?: number;
  ciphers?: readonly number[];
  /** Type and content as hexadecimal. */
  extensions?: readonly (readonly [type: number, content: string])[];
}

/** The hello behind its handshake header, as hexadecimal. */
export function clientHello({
  version = 0x0303,
  ciphers = [],
  extensions = [],
}: HelloLists): string {
  const list = ciphers.map(hex16).join('');
  const blocks = extensions.map(([type, content]) => hex16(type) + vector16(content)).join('');
  return `${hex16(version)}${'11'.repeat(32)}00${vector16(list)}0100${vector16(blocks)}`;
}

/** A handshake message of type client hello. */
export function handshake(hello: string): string {
  return `01${(hello.length / 2).toString(16).padStart(6, '0')}${hello}`;
}

export function alpnNames(...names: readonly string[]): string {
  return vector16(names.map((name) => hex8(name.length / 2) + name).join(''));
}

/** A list of words behind its length. */
export function vector16(content: string): string {
  return hex16(content.length / 2) + content;
}

function hex16(value: number): string {
  return value.toString(16).padStart(4, '0');
}

function hex8(value: number): string {
  return value.toString(16).padStart(2, '0');
}
