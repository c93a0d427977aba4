/** A failure where it happened: title, detail and the fields that the server names (RFC 9457). */
import { ApiError } from '../api/api-error.ts';
import { Button } from './button.tsx';

export function ProblemNote({
  error,
  title = error instanceof ApiError ? error.title : 'Something went wrong',
  onRetry,
}: {
  error: Error;
  title?: string;
  onRetry?: () => void;
}) {
  const errors = error instanceof ApiError ? error.errors : [];
  return (
    <div
      role="alert"
      className="flex flex-wrap items-start justify-between gap-2 rounded-md border border-critical/50 bg-critical/10 px-3 py-2"
    >
      <div className="min-w-0">
        <p className="font-semibold text-critical">{title}</p>
        <p className="break-words">{error.message}</p>
        {errors.length > 0 && (
          <ul className="mt-1 list-disc pl-4">
            {errors.map(({ pointer, detail }) => (
              <li key={pointer + detail}>
                <code>{pointer}</code> {detail}
              </li>
            ))}
          </ul>
        )}
      </div>
      {onRetry && <Button onClick={onRetry}>Try again</Button>}
    </div>
  );
}
