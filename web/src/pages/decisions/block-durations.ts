/** How long a block by hand may last, in s; the empty choice is the policy's own. */
export const BLOCK_DURATIONS = [
  [600, '10 minutes'],
  [3600, '1 hour'],
  [86_400, '1 day'],
  [604_800, '7 days'],
  [2_592_000, '30 days'],
] as const;
