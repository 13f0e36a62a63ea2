import type { InitResult, InitValues } from "../../driver.ts";
import type { AsteriskSettings } from "../settings.ts";
import { sampleConfig } from "./sample-config.ts";

/** Settings and sample configuration with one password, and one application; or settings for an Asterisk that has the sample already. */
export function initAsterisk({
  settings: { url, user, application, endpoint, talking },
  dialIn,
  password,
  passwordFile,
  folder,
}: InitValues<AsteriskSettings>): InitResult<AsteriskSettings> {
  const callerId = dialIn?.[0];
  const settings = {
    type: "asterisk",
    url,
    user,
    application,
    endpoint,
    ...(callerId && { callerId }),
    talking,
  } as const;
  if (passwordFile !== undefined) {
    return {
      settings: { ...settings, passwordFile },
      files: {},
      next: nextWithout(settings, passwordFile, dialIn) + whoLeads(application, dialIn),
    };
  }
  const [, port] = /^http:\/\/(?:127\.0\.0\.1|localhost):(\d+)\/ari$/.exec(url) ?? [];
  if (port === undefined) {
    throw new Error(
      `the configuration that is written for Asterisk is for an agent on its own machine, at http://127.0.0.1:PORT/ari, and not for ${url}: change bindaddr or, for TLS, tlsenable, tlsbindaddr, tlscertfile and tlsprivatekey in http.conf by hand, and use --password-file`,
    );
  }
  const files = sampleConfig({
    ariUser: user,
    ariPassword: password,
    httpPort: Number(port),
    ...(dialIn && { dialIn: Object.fromEntries(dialIn.map((number) => [number, application])) }),
  });
  return { settings: { ...settings, password }, files, next: `${nextWith(folder)}${whoLeads(application, dialIn)}` };
}

/** What `--dial-in` would have said. */
function whoLeads(application: string, dialIn: readonly string[] | undefined): string {
  if (dialIn) return "";
  return `
Every number that the trunk sends leads to the application ${application}, and the agent takes it for its domain's, since no --dial-in was
given. Where only some numbers are: name them in extensions.conf under [from-trunk], and as dialIn in the agent's settings.
`;
}

function nextWith(folder: string): string {
  return `Asterisk's sample configuration is in ${folder}, with the same password in ari.conf as in the settings. Change what is marked with
"trunk" in pjsip.conf; then keep what Asterisk has now, put the files into its folder, and restart it:

[ -e /etc/asterisk.before-bridgehead ] || sudo cp -a /etc/asterisk /etc/asterisk.before-bridgehead
sudo install -o root -g asterisk -m 0640 ${folder}/*.conf /etc/asterisk/
sudo systemctl restart asterisk

After a later change of extensions.conf, asterisk -rx 'dialplan reload' is enough; of pjsip.conf, asterisk -rx 'module reload res_pjsip.so';
of ari.conf, asterisk -rx 'module reload res_ari.so'; neither ends calls.
`;
}

function nextWithout(
  { user, application }: Pick<AsteriskSettings, "user" | "application">,
  passwordFile: string,
  dialIn: readonly string[] = ["_[+0-9]!"],
): string {
  const lines = dialIn.map((number) => `exten => ${number},1,Gosub(conference,\${EXTEN},1(${application}))`);
  return `Nothing is written for Asterisk. Its ari.conf must have the user ${user}, with the password in ${passwordFile}, which the agent's user must be able
to read. Its extensions.conf must have, in the context where the trunk's calls come in:

${lines.join("\n")}

After a change there: asterisk -rx 'dialplan reload'
`;
}
