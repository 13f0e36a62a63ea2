import { Refusal } from "./refusals.ts";
import type { Tree, Value } from "./schema.ts";
import type { Site } from "./site.ts";
import type { Role, TspAccountRow, UserRow } from "./tables.ts";
import { at, group, groups, merge, text, whole, without } from "./trees.ts";

/** Puts a user in; what an account cannot do without must be given. */
export function addUser(site: Site, request: Tree): number {
  for (const name of ["firstName", "lastName", "webExId", "email", "password"]) {
    if (!text(request, name)) throw new Refusal("invalid", `${name} is required`);
  }
  mustBeFree(site, text(request, "webExId"), text(request, "email"));
  const id = site.insert("users", {
    role: "host",
    active: "ACTIVATED",
    time_zone: site.row.time_zone,
    registered_at: site.now(),
    ...columns(request),
    web_ex_id: String(request.webExId),
    profile: JSON.stringify(profileOf(request)),
  });
  saveTspAccounts(site, id, request);
  return id;
}

export function changeUser(site: Site, user: UserRow, request: Tree): void {
  const newName = text(request, "newWebExId");
  const isSame = (left = "", right = "") => left.toLowerCase() === right.toLowerCase();
  const email = text(request, "email");
  mustBeFree(
    site,
    isSame(newName, user.web_ex_id) ? undefined : newName,
    isSame(email, user.email) ? undefined : email,
  );
  site.update(
    "users",
    {
      ...columns(request, user.role),
      ...(newName !== undefined && { web_ex_id: newName }),
      profile: JSON.stringify(merge(JSON.parse(user.profile), profileOf(request))),
    },
    "user_id = ?",
    user.user_id,
  );
  saveTspAccounts(site, user.user_id, request);
}

/** All but the password. */
export function userTree(site: Site, user: UserRow): Tree {
  const accounts = site.all<TspAccountRow>(
    "SELECT * FROM tsp_accounts WHERE user_id = ? ORDER BY account_index",
    user.user_id,
  );
  const profile: Tree = JSON.parse(user.profile);
  return {
    ...profile,
    ...userSummary(site, user),
    timeZone: site.zone(user.time_zone).name,
    privilege: {
      host: true,
      ...group(profile, "privilege"),
      siteAdmin: user.role === "admin",
      roSiteAdmin: user.role === "view-only",
    },
    ...(accounts.length > 0 && { tspAccount: { tspAccount: accounts.map(accountTree) } }),
    visitCount: user.visits,
    userId: user.user_id,
    passwordExpires: false,
  };
}

export function userSummary(site: Site, user: UserRow): Tree {
  return {
    webExId: user.web_ex_id,
    firstName: user.first_name,
    lastName: user.last_name,
    email: user.email,
    registrationDate: site.time(user.registered_at, user.time_zone),
    active: user.active,
    timeZoneID: user.time_zone,
  };
}

function mustBeFree(site: Site, name: string | undefined, email: string | undefined): void {
  if (name !== undefined && site.userNamed(name)) throw new Refusal("nameTaken");
  if (email !== undefined && site.one("SELECT 1 FROM users WHERE email = ?", email)) throw new Refusal("emailTaken");
}

function columns(request: Tree, role: Role = "host") {
  const privilege = group(request, "privilege");
  const isGiven = privilege.siteAdmin !== undefined || privilege.roSiteAdmin !== undefined;
  const isAdmin = privilege.siteAdmin ?? role === "admin";
  const isViewer = privilege.roSiteAdmin ?? role === "view-only";
  const given: Readonly<Record<string, Value | undefined>> = {
    first_name: request.firstName,
    last_name: request.lastName,
    email: request.email,
    password: request.password,
    active: request.active,
    time_zone: request.timeZoneID,
    role: isGiven ? (isAdmin ? "admin" : isViewer ? "view-only" : "host") : undefined,
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Record<string, string>;
}

/** What is left of a request beside the columns and the TSP accounts. */
function profileOf(request: Tree): Tree {
  const elsewhere =
    "firstName lastName webExId newWebExId email password active timeZoneID timeZone tspAccount registrationDate visitCount userId sendWelcome syncWebOffice validateFormat";
  return elsewhere.split(" ").reduce((tree, name) => without(tree, [name]), request);
}

function saveTspAccounts(site: Site, userId: number, request: Tree): void {
  for (const given of groups(request, "tspAccount", "tspAccount")) {
    const taken = site.all<TspAccountRow>("SELECT * FROM tsp_accounts WHERE user_id = ?", userId);
    const free = [1, 2, 3].find((index) => !taken.some(({ account_index }) => account_index === index));
    const index = whole(given, "accountIndex") ?? free;
    if (index === undefined || index < 1 || index > 3)
      throw new Refusal("invalid", "tspAccount.accountIndex must be 1 to 3");
    site.run("DELETE FROM tsp_accounts WHERE user_id = ? AND account_index = ?", userId, index);
    if (given.delete === true) continue;
    const before = taken.find(({ account_index }) => account_index === index);
    if (given.defaultFlag === true) site.run("UPDATE tsp_accounts SET is_default = 0 WHERE user_id = ?", userId);
    const rest = [
      "tollFreeCallInNumber",
      "tollCallInNumber",
      "subscriberAccessCode",
      "participantAccessCode",
      "accountIndex",
      "defaultFlag",
      "delete",
    ];
    site.insert("tsp_accounts", {
      user_id: userId,
      account_index: index,
      toll_free: text(given, "tollFreeCallInNumber") ?? before?.toll_free ?? "",
      toll: text(given, "tollCallInNumber") ?? before?.toll ?? "",
      subscriber: text(given, "subscriberAccessCode") ?? before?.subscriber ?? "",
      participant: text(given, "participantAccessCode") ?? before?.participant ?? "",
      is_default: (at(given, "defaultFlag") ?? taken.length === 0) === true ? 1 : (before?.is_default ?? 0),
      settings: JSON.stringify(rest.reduce((tree, name) => without(tree, [name]), given)),
    });
  }
}

function accountTree(account: TspAccountRow): Tree {
  return {
    ...(JSON.parse(account.settings) as Tree),
    tollFreeCallInNumber: account.toll_free,
    accountIndex: account.account_index,
    tollCallInNumber: account.toll,
    subscriberAccessCode: account.subscriber,
    participantAccessCode: account.participant,
    defaultFlag: account.is_default === 1,
  };
}
