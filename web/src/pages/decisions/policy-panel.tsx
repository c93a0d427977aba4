/** When the platform alerts and blocks, and whether blocks are real. */
import { usePolicy } from '../../api/use-policy.ts';
import { Loaded } from '../../ui/loaded.tsx';
import { Panel } from '../../ui/panel.tsx';
import { ArmedSwitch } from './armed-switch.tsx';
import { PolicyForm } from './policy-form.tsx';

export function PolicyPanel() {
  return (
    <Panel title="Policy">
      <Loaded query={usePolicy()} what="the policy">
        {(policy) => (
          <div className="grid gap-4">
            <ArmedSwitch policy={policy} />
            <PolicyForm key={JSON.stringify(policy)} policy={policy} />
          </div>
        )}
      </Loaded>
    </Panel>
  );
}
