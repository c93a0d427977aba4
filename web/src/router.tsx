/** Every page and its address; each page is fetched when it is first visited. */
import { createBrowserRouter } from 'react-router';
import { RouteFailure } from './layout/route-failure.tsx';
import { Shell } from './layout/shell.tsx';
import { Loading } from './ui/loading.tsx';

export function createRouter() {
  return createBrowserRouter([
    {
      ErrorBoundary: RouteFailure,
      HydrateFallback: Starting,
      children: [
        {
          path: '/login',
          lazy: async () => ({
            Component: (await import('./pages/log-in/log-in-page.tsx')).LogInPage,
          }),
        },
        {
          Component: Shell,
          children: [
            {
              index: true,
              lazy: async () => ({
                Component: (await import('./pages/overview/overview-page.tsx')).OverviewPage,
              }),
            },
            {
              path: '/alerts',
              lazy: async () => ({
                Component: (await import('./pages/alerts/alerts-page.tsx')).AlertsPage,
              }),
            },
            {
              path: '/alerts/:id',
              lazy: async () => ({
                Component: (await import('./pages/alerts/alert-page.tsx')).AlertPage,
              }),
            },
            ...['/packets', '/alltraffic_page'].map((path) => ({
              path,
              lazy: async () => ({
                Component: (await import('./pages/packets/packets-page.tsx')).PacketsPage,
              }),
            })),
            {
              path: '/sources/:ip',
              lazy: async () => ({
                Component: (await import('./pages/sources/story-page.tsx')).StoryPage,
              }),
            },
            {
              path: '/flows',
              lazy: async () => ({
                Component: (await import('./pages/flows/flows-page.tsx')).FlowsPage,
              }),
            },
            {
              path: '/lures',
              lazy: async () => ({
                Component: (await import('./pages/lures/lures-page.tsx')).LuresPage,
              }),
            },
            {
              path: '/lures/:id',
              lazy: async () => ({
                Component: (await import('./pages/lures/lure-session-page.tsx')).LureSessionPage,
              }),
            },
            {
              path: '/decisions',
              lazy: async () => ({
                Component: (await import('./pages/decisions/decisions-page.tsx')).DecisionsPage,
              }),
            },
            {
              path: '/models',
              lazy: async () => ({
                Component: (await import('./pages/models/models-page.tsx')).ModelsPage,
              }),
            },
            {
              path: '/settings',
              lazy: async () => ({
                Component: (await import('./pages/settings/settings-page.tsx')).SettingsPage,
              }),
            },
          ],
        },
      ],
    },
  ]);
}

function Starting() {
  return <Loading what="PhantomNet" />;
}
