"""The addresses of sign-in and of the pages about oneself."""

from django.contrib.auth import views as auth
from django.urls import path

from accounts import views
from accounts.setup import setup

urlpatterns = [
    # /accounts/
    path("accounts/login/", auth.LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("accounts/logout/", auth.LogoutView.as_view(), name="logout"),
    path("accounts/password/", views.PasswordChange.as_view(), name="password_change"),
    path("accounts/setup/<str:token>/", setup, name="setup"),
    # /profile/
    path("profile/", views.profile, name="profile"),
    path("profile/tokens/", views.tokens, name="tokens"),
    path("profile/tokens/<int:pk>/revoke/", views.revoke, name="token-revoke"),
]
