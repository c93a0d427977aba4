/** Something is on its way. */
export function Loading({ what }: { what: string }) {
  return (
    <p role="status" className="flex items-center gap-2 px-1 py-6 text-muted">
      <span
        aria-hidden="true"
        className="size-3 animate-spin rounded-full border-2 border-control border-t-transparent"
      />
      Loading {what}…
    </p>
  );
}
