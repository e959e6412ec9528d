"""The addresses of sign-in and of the pages about oneself."""

from django.apps import apps
from django.contrib.auth import views as auth
from django.urls import path

from accounts import views
from accounts.later import later
from accounts.setup import setup

sign_in = later("accounts.signin.views.sign_in")
reset = later("accounts.signin.passwords.reset")
withdraw = later("accounts.signin.signup.withdraw")

urlpatterns = [
    # /accounts/
    path("accounts/login/", sign_in, name="login"),
    path("accounts/login/", sign_in, name="account_login"),
    path("accounts/code/", later("accounts.signin.views.second_step"), name="mfa_authenticate"),
    path("accounts/passkey/", later("accounts.signin.passkeys.sign_in"), name="passkey-login"),
    path("accounts/prove/", later("accounts.signin.proving.prove"), name="prove"),
    path("accounts/logout/", auth.LogoutView.as_view(), name="logout"),
    path("accounts/password/", later("accounts.signin.passwords.change"), name="password_change"),
    path("accounts/password/set/", later("accounts.signin.passwords.set_first"), name="password_set"),
    path("accounts/reset/", later("accounts.signin.passwords.forgotten"), name="password_reset"),
    path("accounts/reset/sent/", later("accounts.signin.passwords.sent"), name="password_reset_sent"),
    path("accounts/reset/<str:uidb64>/<str:token>/", reset, name="password_reset_confirm"),
    path("accounts/sign-up/", later("accounts.signin.signup.sign_up"), name="sign-up"),
    path("accounts/sign-up/sent/", later("accounts.signin.passwords.sent"), name="sign-up-sent"),
    path("accounts/sign-up/<str:token>/", later("accounts.signin.signup.sign_up_with"), name="sign-up-with"),
    path("accounts/address/<str:token>/", later("accounts.signin.signup.confirm"), name="confirm-address"),
    path("accounts/invitations/", later("accounts.signin.signup.invite"), name="invitations"),
    path("accounts/invitations/<int:pk>/withdraw/", withdraw, name="invitation-withdraw"),
    path("accounts/invitation/<str:secret>/", later("accounts.signin.signup.invitation"), name="invitation"),
    path("accounts/setup/<str:token>/", setup, name="setup"),
    # /profile/
    path("profile/", views.profile, name="profile"),
    path("profile/address/", views.confirm, name="address-confirm"),
    path("profile/sign-in/", later("accounts.signin.factors.overview"), name="sign-in"),
    path("profile/sign-in/app/", later("accounts.signin.factors.add_app"), name="app-add"),
    path("profile/sign-in/app/remove/", later("accounts.signin.factors.remove_app"), name="app-remove"),
    path("profile/sign-in/codes/", later("accounts.signin.factors.recovery_codes"), name="recovery-codes"),
    path("profile/sign-in/passkeys/new/", later("accounts.signin.passkeys.add"), name="passkey-add"),
    path("profile/sign-in/passkeys/<int:pk>/rename/", later("accounts.signin.passkeys.rename"), name="passkey-rename"),
    path("profile/sign-in/passkeys/<int:pk>/remove/", later("accounts.signin.passkeys.remove"), name="passkey-remove"),
    path("profile/sign-in/<slug:name>/disconnect/", later("accounts.signin.factors.disconnect"), name="disconnect"),
    path("profile/sessions/", later("accounts.signin.sessions.sessions"), name="sessions"),
    path("profile/sessions/end-others/", later("accounts.signin.sessions.end_others"), name="sessions-end-others"),
    path("profile/sessions/<slug:handle>/end/", later("accounts.signin.sessions.end"), name="session-end"),
    path("profile/tokens/", views.tokens, name="tokens"),
    path("profile/tokens/<int:pk>/revoke/", views.revoke, name="token-revoke"),
]
if apps.is_installed("allauth.socialaccount"):
    begin, callback = later("accounts.signin.providers.begin"), later("accounts.signin.providers.callback")
    urlpatterns += [
        # /accounts/oidc/
        path("accounts/oidc/<slug:name>/login/", begin, name="openid_connect_login"),
        path("accounts/oidc/<slug:name>/login/callback/", callback, name="openid_connect_callback"),
    ]
