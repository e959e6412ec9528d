"""The routes: `uvicorn benchmarks.rival.app:app --workers 2`."""

import hashlib
from datetime import datetime
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Query
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import orm, select

from benchmarks.rival.models import Issue, Product, Session, Token

app = FastAPI(title="Rival")


class IssueIn(BaseModel):
    """What is sent of an issue."""

    title: str = Field(min_length=1, max_length=500)
    description: str = Field("", max_length=65536)
    status: str = Field("new", max_length=40)
    priority: str = Field("none", max_length=10)
    assignee: str | None = Field(None, max_length=150)


class IssueOut(IssueIn):
    """What is answered of an issue."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    product_id: int
    author: str | None
    created_at: datetime
    updated_at: datetime


def open_session():
    """Give each request a session of its own."""
    with Session() as session:
        yield session


Database = Annotated[orm.Session, Depends(open_session)]
Bearer = Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]


def find_username(bearer: Bearer, database: Database) -> str:
    """Return whose token it is."""
    token = database.get(Token, hashlib.sha256(bearer.credentials.encode()).hexdigest())
    if token is None:
        raise HTTPException(401, "Unknown token")
    return token.username


Username = Annotated[str, Depends(find_username)]


def find_product(database, product_id, username):
    """Return the product of the address, if the user sees it."""
    product = database.get(Product, product_id)
    if product is None or (product.visibility == "private" and product.owner != username):
        raise HTTPException(404, "Not found")
    return product


def find_issue(database, product_id, issue_id, username):
    """Return the issue of the address, if the user sees its product."""
    product = find_product(database, product_id, username)
    issue = database.get(Issue, issue_id)
    if issue is None or issue.product_id != product.id:
        raise HTTPException(404, "Not found")
    return issue


@app.get("/status/")
def status():
    """Tell that it runs."""
    return {"status": "ok"}


@app.get("/products/{product_id}/issues/", response_model=list[IssueOut])
def list_issues(
    product_id: int,
    database: Database,
    username: Username,
    skip: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
):
    """List the issues of a product, newest first."""
    product = find_product(database, product_id, username)
    found = select(Issue).where(Issue.product_id == product.id).order_by(Issue.id.desc())
    return database.scalars(found.offset(skip).limit(limit)).all()


@app.post("/products/{product_id}/issues/", response_model=IssueOut, status_code=201)
def create_issue(product_id: int, sent: IssueIn, database: Database, username: Username):
    """File an issue."""
    product = find_product(database, product_id, username)
    issue = Issue(product_id=product.id, author=username, **sent.model_dump())
    database.add(issue)
    database.commit()
    return issue


@app.get("/products/{product_id}/issues/{issue_id}", response_model=IssueOut)
def read_issue(product_id: int, issue_id: int, database: Database, username: Username):
    """Return one issue."""
    return find_issue(database, product_id, issue_id, username)


@app.put("/products/{product_id}/issues/{issue_id}", response_model=IssueOut)
def update_issue(product_id: int, issue_id: int, sent: IssueIn, database: Database, username: Username):
    """Set all fields of an issue."""
    issue = find_issue(database, product_id, issue_id, username)
    for name, value in sent.model_dump().items():
        setattr(issue, name, value)
    database.commit()
    return issue


@app.delete("/products/{product_id}/issues/{issue_id}", status_code=204)
def delete_issue(product_id: int, issue_id: int, database: Database, username: Username):
    """Delete an issue."""
    database.delete(find_issue(database, product_id, issue_id, username))
    database.commit()
