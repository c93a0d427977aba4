/** A kernel as `scripts/build-kernels.sh` checks it in: its WebAssembly in hexadecimal digits. */
export function compileKernel(hex: string): WebAssembly.Module {
  return new WebAssembly.Module(
    Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16)),
  );
}
