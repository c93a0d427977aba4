/** The three states of something read from the server; what was read before stays visible under a failure. */
import type { ReactNode } from 'react';
import { Loading } from './loading.tsx';
import { ProblemNote } from './problem-note.tsx';

interface Reading<Data> {
  readonly data: Data | undefined;
  readonly error: Error | null;
  readonly refetch: () => unknown;
}

export function Loaded<Data>({
  query,
  what,
  children,
}: {
  query: Reading<Data>;
  what: string;
  children: (data: Data) => ReactNode;
}) {
  const { data, error, refetch } = query;
  return (
    <>
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {data === undefined ? !error && <Loading what={what} /> : children(data)}
    </>
  );
}
