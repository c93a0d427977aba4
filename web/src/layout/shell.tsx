/** What is around every page for somebody signed in; for anybody else it leads to the log-in page. */
import { Navigate, Outlet, useLocation } from 'react-router';
import { useSession } from '../api/use-session.ts';
import { LiveProvider } from '../live/live-provider.tsx';
import { Loading } from '../ui/loading.tsx';
import { ProblemNote } from '../ui/problem-note.tsx';
import { AlertAnnouncer } from './alert-announcer.tsx';
import { MainNav } from './main-nav.tsx';
import { TopBar } from './top-bar.tsx';

export function Shell() {
  const session = useSession();
  const { pathname, search } = useLocation();
  if (session.data === undefined)
    return (
      <main className="mx-auto max-w-xl p-6">
        {session.error ? (
          <ProblemNote error={session.error} onRetry={() => void session.refetch()} />
        ) : (
          <Loading what="your session" />
        )}
      </main>
    );
  if (session.data === null)
    return <Navigate to="/login" replace state={{ from: pathname + search }} />;
  return (
    <LiveProvider>
      <a
        href="#content"
        className="sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-30 focus:rounded focus:bg-accent focus:px-3 focus:py-2 focus:text-on-accent"
      >
        Skip to content
      </a>
      <TopBar />
      <AlertAnnouncer />
      <div className="lg:grid lg:grid-cols-[172px_minmax(0,1fr)]">
        <div className="border-line bg-surface max-lg:border-b lg:min-h-[calc(100dvh-57px)] lg:border-r">
          <MainNav />
        </div>
        <main id="content" tabIndex={-1} className="min-w-0 p-3 outline-none sm:p-4">
          <Outlet />
        </main>
      </div>
    </LiveProvider>
  );
}
