/** Builds the dashboard into dist/web: files of our own origin only, nothing inlined, so that a strict CSP holds. */
import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const SERVER = 'http://127.0.0.1:8000';

// The one default export that the build tool's configuration format demands.
export default defineConfig({
  plugins: [react(), tailwindcss()],
  build: {
    outDir: '../dist/web',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
    // Modules run in the order of their imports also across chunks: src/api/jitless.ts has to be first.
    rolldownOptions: { output: { strictExecutionOrder: true } },
  },
  server: { proxy: { '/api': SERVER, '/health': SERVER } },
});
