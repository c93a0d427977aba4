/**
 * Closes the run with what was skipped, file by file, and one plain line that any CI can read:
 * `Tests: N passed, N failed, N skipped`.
 */
import { relative } from 'node:path';
import type { Reporter, TestModule } from 'vitest/node';

export class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    for (const module of modules) {
      for (const test of module.children.allTests()) count[test.result().state]++;
      // A file that does not load has no tests to fail.
      if (module.errors().length > 0) count.failed++;
    }
    const skipped = count.skipped + count.pending;
    if (skipped > 0)
      process.stdout.write(
        `Skipped, for want of what they need (CONTRIBUTING.md lists it):\n${modules.flatMap(skippedLine).join('')}`,
      );
    process.stdout.write(
      `Tests: ${count.passed} passed, ${count.failed} failed, ${skipped} skipped\n`,
    );
  }
}

function skippedLine(module: TestModule): string[] {
  const tests = [...module.children.allTests()];
  const skipped = tests.filter((test) => ['skipped', 'pending'].includes(test.result().state));
  if (skipped.length === 0) return [];
  const [first] = skipped;
  return [
    `  ${relative(process.cwd(), module.moduleId)}: ${skipped.length} of ${tests.length}, such as "${first?.fullName}"\n`,
  ];
}
