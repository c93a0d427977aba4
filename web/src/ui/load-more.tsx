/** The end of a list read page by page. */
import { Button } from './button.tsx';

export function LoadMore({
  query,
  shown,
  noun,
}: {
  query: {
    readonly hasNextPage: boolean;
    readonly isFetchingNextPage: boolean;
    readonly fetchNextPage: () => unknown;
  };
  shown: number;
  noun: string;
}) {
  return (
    <div className="flex items-center justify-center gap-3 pt-3 text-muted">
      <span>
        {shown} {noun} shown{query.hasNextPage ? '' : ', no older ones'}
      </span>
      {query.hasNextPage && (
        <Button onClick={() => void query.fetchNextPage()} disabled={query.isFetchingNextPage}>
          {query.isFetchingNextPage ? 'Loading…' : 'Load older'}
        </Button>
      )}
    </div>
  );
}
