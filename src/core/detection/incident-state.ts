/**
 * Incidents over a restart. Several tables refer to one incident, and what happens to it must be seen by all of
 * them afterwards too: so it is written once, and the tables write its number.
 */
import { StateError } from '../state/state-error.ts';
import type { StateReader } from '../state/state-reader.ts';
import type { StateWriter } from '../state/state-writer.ts';
import type { Incident } from './alert-book.ts';

/** Writes the incidents, each once; returns their numbers. */
export function saveIncidents(
  writer: StateWriter,
  incidents: Iterable<Incident>,
): ReadonlyMap<Incident, number> {
  const numbers = new Map<Incident, number>();
  for (const incident of incidents) if (!numbers.has(incident)) numbers.set(incident, numbers.size);
  writer.number(numbers.size);
  for (const incident of numbers.keys()) writer.json({ ...incident, proven: [...incident.proven] });
  return numbers;
}

/** The incidents by number. */
export function loadIncidents(reader: StateReader, max: number): Incident[] {
  const incidents: Incident[] = [];
  for (let left = reader.count(max); left > 0; left--) {
    const saved = reader.json() as Omit<Incident, 'proven'> & { proven: [string, number][] };
    incidents.push({ ...saved, proven: new Map(saved.proven) });
  }
  return incidents;
}

/** @throws StateError where there is no such incident */
export function incidentAt(incidents: readonly Incident[], number: number): Incident {
  const incident = incidents[number];
  if (!incident) throw new StateError(`it has no incident ${number}`);
  return incident;
}
