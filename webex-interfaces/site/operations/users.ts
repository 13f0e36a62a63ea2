import { type Call, hasText, isAsked, ordered, page, within } from "../call.ts";
import { Refusal } from "../refusals.ts";
import type { Tree } from "../schema.ts";
import { IDLE_MS } from "../site.ts";
import type { UserRow } from "../tables.ts";
import { at, group, groups, list, text } from "../trees.ts";
import { addUser, changeUser, userSummary, userTree } from "../users.ts";
import {
  changesAccounts,
  changesOwn,
  changesOwnAccount,
  documented,
  inSchema,
  readsOwn,
  readsSite,
  type Service,
} from "./operation.ts";

export const users: Service = {
  binding: "user",
  prefix: "use",
  operations: {
    createUser: documented(changesAccounts, (call) => ({ userId: addUser(call.site, call.request) })),
    setUser: documented(changesOwnAccount, (call) => {
      const user = call.owner(call.request.webExId);
      const isForAdmins = ["privilege", "active"].some((name) => call.request[name] !== undefined);
      if (isForAdmins && !call.hasSite) throw new Refusal("accessDenied");
      changeUser(call.site, user, call.request);
      return {};
    }),
    getUser: documented(readsOwn, (call) => userTree(call.site, call.owner(call.request.webExId))),
    delUser: documented(changesAccounts, (call) => ({
      user: list(call.request, "webExId").map((webExId) => {
        const user = call.site.userNamed(String(webExId));
        const isOther = user !== undefined && user.user_id !== call.user.user_id;
        if (isOther) call.site.run("DELETE FROM users WHERE user_id = ?", user.user_id);
        return { webExId, status: isOther ? "SUCCESS" : "FAILURE" };
      }),
    })),
    lstsummaryUser: documented(readsSite, (call) => listed(call, (user) => summaryWithQueues(call, user))),
    lstUser: inSchema(readsSite, (call) => listed(call, (user) => userTree(call.site, user))),
    // No matter of reading: whoever has the link logs in as that user.
    getloginurlUser: documented(changesOwn, (call) => {
      const user = call.owner(call.request.webExID);
      const TK = call.site.issue("login-ticket", user.user_id);
      return { userLoginURL: call.site.url("p.php", { AT: "LI", WID: user.web_ex_id, TK, ...backUrl(call) }) };
    }),
    getlogouturlUser: documented(readsOwn, (call) => {
      call.owner(call.request.webExID);
      return { userLogoutURL: call.site.url("p.php", { AT: "LO", ...backUrl(call) }) };
    }),
    // The door has checked already who it is: by the assertion or the token of this request, or by password.
    authenticateUser: inSchema(readsOwn, (call) => ({
      sessionTicket: call.site.issue("session-ticket", call.user.user_id),
      createTime: String(call.site.now()),
      timeToLive: String(IDLE_MS / 1_000),
    })),
    getLoginTicket: inSchema(readsOwn, (call) => ({
      ticket: call.site.issue("login-ticket", call.user.user_id),
      apiVersion: API_VERSION,
    })),
    delSessionTemplates: inSchema(changesOwnAccount, (call) => {
      const owner = call.user.user_id;
      for (const { name, serviceType } of groups(call.request, "sessionTemplate")) {
        call.site.run(
          "DELETE FROM templates WHERE owner_id = ? AND name = ? AND service_type = ?",
          owner,
          String(name),
          String(serviceType),
        );
      }
      return {};
    }),
    uploadPMRImage: inSchema(changesOwnAccount, (call) => {
      const { imageFor = "Photo", imageData = "" } = call.request;
      const values = [`pmr-${imageFor}`, call.user.web_ex_id, String(imageData)] as const;
      call.site.run("INSERT OR REPLACE INTO images (kind, owner, data) VALUES (?, ?, ?)", ...values);
      return {};
    }),
  },
};

export const API_VERSION = "XML API 11.9.0";

function listed(call: Call, make: (user: UserRow) => Tree): Tree {
  const { site, request } = call;
  const scope = group(request, "dataScope");
  const found = site
    .all<UserRow>("SELECT * FROM users ORDER BY user_id")
    .filter((user) => hasText(request.firstName, user.first_name) && hasText(request.lastName, user.last_name))
    .filter((user) => hasText(request.email, user.email) && isAsked(request.active, user.active))
    .filter((user) => isAsked(request.webExId, user.web_ex_id))
    .filter((user) => within(site, scope, "regDate", user.registered_at));
  const setting =
    (...path: string[]) =>
    (user: UserRow) =>
      text(JSON.parse(user.profile), ...path) ?? "";
  const columns = {
    UID: (user: UserRow) => user.user_id,
    WEBEXID: (user: UserRow) => user.web_ex_id.toLowerCase(),
    FIRSTNAME: (user: UserRow) => user.first_name.toLowerCase(),
    LASTNAME: (user: UserRow) => user.last_name.toLowerCase(),
    EMAIL: (user: UserRow) => user.email.toLowerCase(),
    ACTIVE: (user: UserRow) => user.active,
    REGDATE: (user: UserRow) => user.registered_at,
    PRIVILEGE: (user: UserRow) => user.role,
    TIMEZONE: (user: UserRow) => user.time_zone,
    VISITCOUNT: (user: UserRow) => user.visits,
    CITY: setting("address", "city"),
    COUNTRY: setting("address", "country"),
    PHONE1: setting("phones", "phone"),
  };
  return page(request, ordered(request, found, columns), "user", make);
}

function summaryWithQueues(call: Call, user: UserRow): Tree {
  const webACD = at(JSON.parse(user.profile), "webACDPrefs");
  return { ...userSummary(call.site, user), ...(webACD !== undefined && { webACD }) };
}

function backUrl(call: Call): Record<string, string> {
  const BU = text(call.request, "backURL");
  return BU === undefined ? {} : { BU };
}
