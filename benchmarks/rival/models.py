"""The tables, and the connections to them."""

import os
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, create_engine, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, sessionmaker

engine = create_engine(os.environ["RIVAL_DATABASE_URL"], pool_size=20, max_overflow=20)
Session = sessionmaker(engine, expire_on_commit=False)


class Base(DeclarativeBase):
    """What all tables have in common."""


class Product(Base):
    """Something that issues are filed against."""

    __tablename__ = "products"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    visibility: Mapped[str] = mapped_column(String(8))
    owner: Mapped[str | None] = mapped_column(String(150))


class Issue(Base):
    """Something to be done about a product."""

    __tablename__ = "issues"
    __table_args__ = (Index("issues_product_id", "product_id", "id"),)
    # What the database fills in comes back with the statement that writes the row.
    __mapper_args__ = {"eager_defaults": True}

    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"))
    title: Mapped[str] = mapped_column(String(500))
    description: Mapped[str] = mapped_column(Text, default="")
    status: Mapped[str] = mapped_column(String(40), default="new")
    priority: Mapped[str] = mapped_column(String(10), default="none")
    author: Mapped[str | None] = mapped_column(String(150))
    assignee: Mapped[str | None] = mapped_column(String(150))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class Token(Base):
    """A secret that acts for somebody, by its hash."""

    __tablename__ = "tokens"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    username: Mapped[str] = mapped_column(String(150))
