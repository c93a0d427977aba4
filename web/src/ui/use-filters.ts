/** Filters of a list, kept in the address so that a view can be bookmarked and sent to a colleague. */
import { useSearchParams } from 'react-router';

/** The filters that are set, by name, and a way to set one. */
export function useFilters<Name extends string>(names: readonly Name[]) {
  const [params, setParams] = useSearchParams();
  const values = Object.fromEntries(
    names.map((name) => [name, params.get(name) ?? undefined]),
  ) as Record<Name, string | undefined>;
  const set = (name: Name, value: string) =>
    setParams(
      (current) => {
        const next = new URLSearchParams(current);
        if (value) next.set(name, value);
        else next.delete(name);
        return next;
      },
      { replace: true },
    );
  const clear = () => setParams({}, { replace: true });
  return { values, set, clear, isFiltered: names.some((name) => values[name] !== undefined) };
}
