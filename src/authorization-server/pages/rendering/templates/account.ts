/** The pages for signed-in users. */

export const AUTHORIZED_APPLICATIONS = `<%
const { model, texts } = it;
const t = texts.authorized;
layout('@frame', { title: t.title });
%>
<h1><%= t.title %></h1>
<%~ include('@notice') %>
<% if (model.applications.length === 0) { %>
<p class="empty"><%= t.none %></p>
<% } else { %>
<p><%= t.lead %></p>
<ul class="items">
<% for (const application of model.applications) { %>
<li>
<div class="item-text">
<h2><bdi><%= application.name %></bdi></h2>
<% if (application.documentHost) { %><p class="hint"><%~ it.fillHtml(texts.frame.documentHost, { host: application.documentHost }) %></p><% } %>
<% if (application.scopes.length > 0) { %><%~ include('@scopes', { scopes: application.scopes }) %><% } else { %><p><%= t.noScopes %></p><% } %>
<p class="hint"><%~ it.fillHtml(application.wasAsked ? t.since : t.unaskedSince, { date: it.date(application.grantedAtMilliseconds) }) %></p>
</div>
<a class="button danger" href="<%= application.withdrawUrl %>" aria-label="<%= it.fillText(t.withdrawOf, { application: application.name }) %>"><%= t.withdraw %></a>
</li>
<% } %>
</ul>
<% } %>
`;

export const CONFIRM = `<%
const { model, texts } = it;
const t = texts.confirm;
const what = model.what;
layout('@frame', { title: t[what + '-title'] });
%>
<div class="card">
<h1><%= t[what + '-title'] %></h1>
<p><%~ it.fillHtml(t[what + '-text'], { subject: model.subject }) %></p>
<form method="post" action="<%= model.form.action %>">
<%~ include('@hidden', { form: model.form }) %>
<% if (model.overlaps) { %>
<div class="field">
<label for="overlap"><%= t.overlap %></label>
<select id="overlap" name="overlap">
<% for (const seconds of model.overlaps) { %><option value="<%= seconds %>"><%= t['overlap-' + seconds] ?? seconds %></option><% } %>
</select>
</div>
<% } %>
<div class="choices">
<button class="<%= what === 'enable' ? 'primary' : 'primary danger' %>" type="submit"><%= t[what + '-submit'] %></button>
<a class="button" href="<%= model.cancelUrl %>"><%= texts.frame.cancel %></a>
</div>
</form>
</div>
`;
