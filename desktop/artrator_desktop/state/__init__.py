"""Observable state of the desktop: no widgets, everything at once, results as signals on the interface's thread."""

from artrator_desktop.state.app import AppState
from artrator_desktop.state.catalogue import Catalogue
from artrator_desktop.state.companions import Companions
from artrator_desktop.state.create import Create
from artrator_desktop.state.detail import ListingDetail
from artrator_desktop.state.disputes import Disputes, Standing
from artrator_desktop.state.earnings import Earnings
from artrator_desktop.state.engine import Engine
from artrator_desktop.state.gallery import Gallery
from artrator_desktop.state.job import Job, JobPhase, Money
from artrator_desktop.state.jobs import Jobs
from artrator_desktop.state.library import Library
from artrator_desktop.state.media import Media
from artrator_desktop.state.node_watch import NodeWatch
from artrator_desktop.state.passes import Passes
from artrator_desktop.state.phase import Failure, Link, Phase
from artrator_desktop.state.plugins import PluginList
from artrator_desktop.state.session import Session
from artrator_desktop.state.settings import Settings
from artrator_desktop.state.store.images import ImageQuery, ImageRecord
from artrator_desktop.state.topups import TopUps
from artrator_desktop.state.wallet import Spent, Wallet

__all__ = [
    "AppState",
    "Catalogue",
    "Companions",
    "Create",
    "Disputes",
    "Earnings",
    "Engine",
    "Failure",
    "Gallery",
    "ImageQuery",
    "ImageRecord",
    "Job",
    "JobPhase",
    "Jobs",
    "Library",
    "Link",
    "ListingDetail",
    "Media",
    "Money",
    "NodeWatch",
    "Passes",
    "Phase",
    "PluginList",
    "Session",
    "Settings",
    "Spent",
    "Standing",
    "TopUps",
    "Wallet",
]
