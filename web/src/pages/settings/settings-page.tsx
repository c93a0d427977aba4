/** One's own password, API keys, sensors, the disk. */
import { Page } from '../../ui/page.tsx';
import { ApiKeys } from './api-keys.tsx';
import { PasswordForm } from './password-form.tsx';
import { Sensors } from './sensors.tsx';
import { Storage } from './storage.tsx';

export function SettingsPage() {
  return (
    <Page title="Settings">
      <div className="grid items-start gap-3 xl:grid-cols-[minmax(0,1fr)_minmax(0,2fr)]">
        <PasswordForm />
        <ApiKeys />
      </div>
      <Sensors />
      <Storage />
    </Page>
  );
}
