/** What the HTTP lure shows: the login page of a small device, as they stand open by the thousand. */

const STYLE =
  'body{font-family:sans-serif;background:#eef1f4;margin:0}form,main{width:320px;margin:90px auto;padding:24px;background:#fff;border:1px solid #c8d0d8}' +
  'h1{font-size:18px;margin:0 0 16px}input{display:block;width:100%;box-sizing:border-box;margin:6px 0 14px;padding:8px}p.error{color:#b00020}';

export function loginPage(isFailed: boolean): string {
  return page(
    'Administration',
    `<form method="post" action="/login"><h1>Gateway administration</h1>${isFailed ? '<p class="error">Invalid username or password.</p>' : ''}
<label>Username<input name="username" autocomplete="username"></label>
<label>Password<input name="password" type="password" autocomplete="current-password"></label>
<input type="submit" value="Log in"></form>`,
  );
}

export function adminPage(): string {
  return page(
    'Status',
    `<main><h1>Gateway status</h1><p>Firmware 2.4.17 (build 8810)</p><p>WAN: connected</p>
<form method="post" action="/firmware" enctype="multipart/form-data"><input type="file" name="image"><input type="submit" value="Upgrade firmware"></form></main>`,
  );
}

/** As Apache words it. */
export function notFoundPage(): string {
  return `<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">
<html><head>
<title>404 Not Found</title>
</head><body>
<h1>Not Found</h1>
<p>The requested URL was not found on this server.</p>
</body></html>
`;
}

function page(title: string, body: string): string {
  return `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>${title}</title><style>${STYLE}</style></head>
<body>${body}</body></html>
`;
}
