/** Answers of several shards made into the one that a single database would have given. */

/**
 * Lists that are sorted alike, as one list of at most `count`. Where two rows are equal the one of the lower shard is first.
 * @param compare negative where the first comes first
 */
export function mergeSorted<Row>(
  lists: readonly Row[][],
  count: number,
  compare: (a: Row, b: Row) => number,
): Row[] {
  const [only] = lists;
  if (only && lists.length === 1) return only;
  return lists.flat().sort(compare).slice(0, count);
}

/** Rows with the same key as one, the named numbers added; in the order in which the keys first come. */
export function addByKey<Row extends object>(
  lists: readonly Row[][],
  keyOf: (row: Row) => unknown,
  numbers: readonly (keyof Row)[],
): Row[] {
  const [only] = lists;
  if (only && lists.length === 1) return only;
  const sums = new Map<unknown, Row>();
  for (const row of lists.flat()) {
    const key = keyOf(row);
    const sum = sums.get(key);
    sums.set(key, sum ? added(sum, row, numbers) : row);
  }
  return [...sums.values()];
}

function added<Row extends object>(a: Row, b: Row, numbers: readonly (keyof Row)[]): Row {
  const sum = { ...a };
  for (const name of numbers) sum[name] = (Number(a[name]) + Number(b[name])) as Row[keyof Row];
  return sum;
}
