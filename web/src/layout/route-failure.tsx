/** A page that could not be loaded or broke: says so and offers the way out. */
import { isRouteErrorResponse, useRouteError } from 'react-router';
import { Button } from '../ui/button.tsx';
import { Empty } from '../ui/empty.tsx';

export function RouteFailure() {
  const error = useRouteError();
  const isMissing = isRouteErrorResponse(error) && error.status === 404;
  return (
    <main className="p-6">
      <title>PhantomNet</title>
      <Empty title={isMissing ? 'There is no such page' : 'This page broke'}>
        <p className="mb-3">
          {isMissing
            ? 'Check the address, or go to the overview.'
            : `${error instanceof Error ? error.message : 'Unknown error'}. After an upgrade, reloading fetches the new version.`}
        </p>
        <span className="flex justify-center gap-2">
          <Button onClick={() => location.reload()}>Reload</Button>
          <Button look="primary" onClick={() => location.assign('/')}>
            Overview
          </Button>
        </span>
      </Empty>
    </main>
  );
}
