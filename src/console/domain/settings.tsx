import type { Answers } from "../../http/api/routes.ts";
import { Page } from "../page.tsx";
import { Notice } from "../parts.tsx";

/** The settings of a domain as they apply now. */
export function SettingsPage({ settings, warnings, reminders }: Answers["GET /domains/{domain}/settings"]) {
  return (
    <Page title="Domain" here="settings">
      {warnings.map((says) => (
        <Notice is="bad">{says}</Notice>
      ))}
      {reminders.map((says) => (
        <Notice is="warn">{says}</Notice>
      ))}
      <p class="dim">
        The settings in effect, with their defaults. Secrets are not shown. docs/settings.md explains each of them.
      </p>
      <pre tabindex={0}>{JSON.stringify(settings, null, 2)}</pre>
    </Page>
  );
}
