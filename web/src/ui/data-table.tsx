/** A dense table with proper headers that scrolls sideways in its own region; columns may leave on narrow screens. */
import type { ReactNode } from 'react';

const HIDE_BELOW = {
  sm: 'max-sm:hidden',
  md: 'max-md:hidden',
  lg: 'max-lg:hidden',
  xl: 'max-xl:hidden',
} as const;

export interface Column<Row> {
  readonly header: string;
  readonly cell: (row: Row) => ReactNode;
  readonly align?: 'right';
  readonly hideBelow?: keyof typeof HIDE_BELOW;
  /** Takes the width that is left and wraps. */
  readonly grows?: boolean;
}

export function DataTable<Row>({
  caption,
  columns,
  rows,
  rowKey,
  rowClass,
}: {
  /** Read out by screen readers. */
  caption: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string;
  rowClass?: (row: Row) => string;
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard (WCAG 2.1.1).
    <section aria-label={caption} tabIndex={0} className="overflow-x-auto">
      <table className="w-full border-collapse text-left">
        <caption className="sr-only">{caption}</caption>
        <thead>
          <tr className="border-line border-b">
            {columns.map((column) => (
              <th
                key={column.header}
                scope="col"
                className={`whitespace-nowrap px-2 py-1.5 font-medium text-muted text-xs ${look(column)}`}
              >
                {column.header}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr
              key={rowKey(row)}
              className={`border-line/60 border-b last:border-0 hover:bg-raised/60 ${rowClass?.(row) ?? ''}`}
            >
              {columns.map((column) => (
                <td
                  key={column.header}
                  className={`px-2 py-1.5 align-top ${column.grows ? 'wrap-anywhere min-w-36 sm:min-w-48' : 'whitespace-nowrap'} ${look(column)}`}
                >
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function look<Row>({ align, hideBelow, grows }: Column<Row>): string {
  return [
    align === 'right' ? 'text-right' : '',
    hideBelow ? HIDE_BELOW[hideBelow] : '',
    grows ? 'w-full' : '',
  ].join(' ');
}
