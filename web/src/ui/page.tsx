/** The frame of every page: document title, heading, what stands beside it. */
import type { ReactNode } from 'react';

export function Page({
  title,
  aside,
  children,
}: {
  title: string;
  aside?: ReactNode;
  children: ReactNode;
}) {
  return (
    <div className="grid gap-3">
      <title>{`${title} · PhantomNet`}</title>
      <div className="flex min-h-9 flex-wrap items-center justify-between gap-2">
        <h1 className="font-semibold text-xl">{title}</h1>
        {aside}
      </div>
      {children}
    </div>
  );
}
