import type { Values } from "../wire/codec.ts";
import { Refusal } from "./refusal.ts";
import { nameOf, type SiteData, type SiteUser } from "./site.ts";
import { localTime, zoneOf } from "./times.ts";
import { group, groups, isOn, merge, put, text, whole } from "./values.ts";

/** Fields of user requests outside the profile. */
const passing =
  "password newWebExId registrationDate visitCount userId sendWelcome syncWebOffice validateFormat tspAccount".split(
    " ",
  );

export function addUser(site: SiteData, request: Values): SiteUser {
  for (const name of ["firstName", "lastName", "webExId", "email", "password"])
    if (!text(request, name)) throw new Refusal("invalid", `${name} is required`);
  mustBeFree(site, request.webExId, request.email);
  const timeZoneID = whole(site.settings, "metaData", "timeZoneID");
  const profile = profileOf({ active: "ACTIVATED", timeZoneID, ...request }, {});
  const own = { password: text(request, "password") ?? "", role: roleOf(request, "host"), profile };
  return site.store.add("user", { ...own, registeredAt: site.now(), visits: 0 });
}

export function changeUser(site: SiteData, user: SiteUser, request: Values): void {
  mustBeFree(site, request.newWebExId, request.email, user);
  const profile = put(profileOf(request, user.profile), ["webExId"], request.newWebExId ?? nameOf(user));
  const password = text(request, "password") ?? user.password;
  site.store.change("user", user, { profile, password, role: roleOf(request, user.role) });
}

/** Throws if another user has the name or the address. */
function mustBeFree(site: SiteData, name: unknown, email: unknown, self?: SiteUser): void {
  const isOther = (user: SiteUser | undefined) => user !== undefined && user.key !== self?.key;
  if (name !== undefined && isOther(site.userNamed(name))) throw new Refusal("nameTaken");
  if (email !== undefined && isOther(site.userByEmail(email))) throw new Refusal("emailTaken");
}

function roleOf(request: Values, before: SiteUser["role"]): SiteUser["role"] {
  const { siteAdmin, roSiteAdmin } = group(request, "privilege");
  if (siteAdmin === undefined && roSiteAdmin === undefined) return before;
  if (siteAdmin ?? before === "admin") return "admin";
  return (roSiteAdmin ?? before === "view-only") ? "view-only" : "host";
}

function profileOf(request: Values, before: Values): Values {
  const kept = Object.entries(request).filter(([name]) => !passing.includes(name));
  return put(merge(before, Object.fromEntries(kept)), ["tspAccount", "tspAccount"], accountsOf(request, before));
}

/** Updates the TSP accounts, at most three. A request changes or deletes accounts by index. */
function accountsOf(request: Values, before: Values): readonly Values[] {
  let accounts = groups(before, "tspAccount", "tspAccount");
  for (const given of groups(request, "tspAccount", "tspAccount")) {
    const free = [1, 2, 3].find((one) => accounts.every(({ accountIndex }) => accountIndex !== one));
    const index = whole(given, "accountIndex") ?? free;
    if (index === undefined || index < 1 || index > 3)
      throw new Refusal("invalid", "tspAccount.accountIndex must be 1 to 3");
    const old = accounts.find(({ accountIndex }) => accountIndex === index);
    const others = accounts.filter((one) => one !== old);
    const isDefault = (given.defaultFlag ?? old?.defaultFlag ?? others.length === 0) === true;
    const own: Values = { ...old, ...given, accountIndex: index, defaultFlag: isDefault };
    const rest: readonly Values[] = isDefault ? others.map((one) => ({ ...one, defaultFlag: false })) : others;
    accounts = given.delete === true ? others : [...rest, own];
  }
  return accounts.toSorted((a, b) => Number(a.accountIndex) - Number(b.accountIndex));
}

/** Returns a TSP account by index, or the default one. */
export function tspAccount({ profile }: SiteUser, index?: unknown): Values | undefined {
  const accounts = groups(profile, "tspAccount", "tspAccount");
  if (index !== undefined) return accounts.find(({ accountIndex }) => accountIndex === index);
  return accounts.find((account) => isOn(account, "defaultFlag")) ?? accounts[0];
}

/** Returns the user for answers, without the password. */
export function userDocument(user: SiteUser): Values {
  const { profile, role } = user;
  const zone = profile.timeZoneID;
  return {
    ...profile,
    registrationDate: localTime(user.registeredAt, zone),
    timeZone: zoneOf(zone).name,
    privilege: {
      host: true,
      ...group(profile, "privilege"),
      siteAdmin: role === "admin",
      roSiteAdmin: role === "view-only",
    },
    visitCount: user.visits,
    userId: String(user.key),
    passwordExpires: false,
  };
}
