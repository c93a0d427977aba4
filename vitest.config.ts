import { defineConfig } from 'vitest/config';
import { SummaryReporter } from './test/support/summary-reporter.ts';

// The one default export that the runner's configuration format demands.
export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'web/src/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 120_000,
    // Two workers: tests start databases and namespaces, and the smallest machine we promise has two cores.
    maxWorkers: 2,
    reporters: ['default', new SummaryReporter()],
  },
});
