/** Memory for a kernel: all of it at once, since growing it detaches the views. Null where the machine has not as much. */

const PAGE_BYTES = 65_536;
/** 4 GiB. */
const MAX_PAGES = 65_536;

export function allocateMemory(bytes: number): WebAssembly.Memory | null {
  const pages = Math.ceil(bytes / PAGE_BYTES);
  if (pages > MAX_PAGES) return null;
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages });
  } catch {
    return null;
  }
}
