/** The row of filters above a list. */
import type { ReactNode } from 'react';
import { Button } from './button.tsx';

export function FilterBar({
  isFiltered,
  onClear,
  children,
}: {
  isFiltered: boolean;
  onClear: () => void;
  children: ReactNode;
}) {
  return (
    <search className="flex flex-wrap items-end gap-2 pb-3">
      {children}
      {isFiltered && (
        <Button look="quiet" onClick={onClear}>
          Clear filters
        </Button>
      )}
    </search>
  );
}
