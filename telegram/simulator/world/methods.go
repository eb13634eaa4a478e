package world

import "github.com/gotd/td/tg"

// Methods returns the world's answers by TL id of the request. What is not
// listed is for the protocol layer to answer or to refuse.
func (w *World) Methods() map[uint32]Method {
	all := map[uint32]Method{
		tg.MessagesGetDialogsRequestTypeID:       reading(w, w.getDialogs),
		tg.MessagesGetPinnedDialogsRequestTypeID: reading(w, w.getPinnedDialogs),
		tg.MessagesGetPeerDialogsRequestTypeID:   reading(w, w.getPeerDialogs),

		tg.MessagesGetHistoryRequestTypeID:              reading(w, w.getHistory),
		tg.MessagesGetMessagesRequestTypeID:             reading(w, w.getMessages),
		tg.MessagesGetRichMessageRequestTypeID:          reading(w, w.getRichMessage),
		tg.MessagesSearchRequestTypeID:                  reading(w, w.search),
		tg.MessagesGetSearchCountersRequestTypeID:       reading(w, w.getSearchCounters),
		tg.MessagesGetRepliesRequestTypeID:              reading(w, w.getReplies),
		tg.MessagesGetCustomEmojiDocumentsRequestTypeID: reading(w, w.getCustomEmoji),
		tg.MessagesGetSplitRangesRequestTypeID:          serve(w, w.getSplitRanges),
		tg.MessagesGetChatsRequestTypeID:                reading(w, w.getChats),
		tg.MessagesGetFullChatRequestTypeID:             reading(w, w.getFullChat),

		tg.ChannelsGetMessagesRequestTypeID:     reading(w, w.getChannelMessages),
		tg.ChannelsGetChannelsRequestTypeID:     reading(w, w.getChannels),
		tg.ChannelsGetFullChannelRequestTypeID:  reading(w, w.getFullChannel),
		tg.ChannelsGetLeftChannelsRequestTypeID: reading(w, w.getLeftChannels),

		tg.UsersGetUsersRequestTypeID:            reading(w, w.getUsers),
		tg.UsersGetFullUserRequestTypeID:         reading(w, w.getFullUser),
		tg.UsersGetSavedMusicRequestTypeID:       reading(w, w.getSavedMusic),
		tg.ContactsGetContactsRequestTypeID:      reading(w, w.getContacts),
		tg.ContactsGetSavedRequestTypeID:         reading(w, w.getSaved),
		tg.ContactsGetTopPeersRequestTypeID:      reading(w, w.getTopPeers),
		tg.ContactsResolveUsernameRequestTypeID:  reading(w, w.resolveUsername),
		tg.PhotosGetUserPhotosRequestTypeID:      reading(w, w.getUserPhotos),
		tg.StoriesGetStoriesArchiveRequestTypeID: reading(w, w.getStories),
		tg.StoriesGetPinnedStoriesRequestTypeID:  reading(w, w.getPinnedStories),
		tg.StoriesGetStoriesByIDRequestTypeID:    reading(w, w.getStoriesByID),
		tg.StoriesGetStoriesViewsRequestTypeID:   reading(w, w.getStoriesViews),

		tg.MessagesGetDialogFiltersRequestTypeID: reading(w, w.getDialogFilters),
		tg.MessagesGetAllDraftsRequestTypeID:     reading(w, w.getAllDrafts),
		tg.MessagesGetForumTopicsRequestTypeID:   reading(w, w.getForumTopics),
		tg.MessagesGetSavedDialogsRequestTypeID:  reading(w, w.getSavedDialogs),

		tg.AccountInitTakeoutSessionRequestTypeID:   serve(w, w.initTakeout),
		tg.AccountFinishTakeoutSessionRequestTypeID: serve(w, w.finishTakeout),
		tg.AccountGetAuthorizationsRequestTypeID:    reading(w, w.getAuthorizations),
		tg.AccountGetWebAuthorizationsRequestTypeID: reading(w, w.getWebAuthorizations),

		tg.UpdatesGetStateRequestTypeID:             reading(w, w.getState),
		tg.UpdatesGetDifferenceRequestTypeID:        reading(w, w.getDifference),
		tg.UpdatesGetChannelDifferenceRequestTypeID: reading(w, w.getChannelDifference),

		tg.UploadGetFileRequestTypeID:       serve(w, w.getFile),
		tg.UploadGetFileHashesRequestTypeID: serve(w, w.getFileHashes),
	}
	w.cdnMethods(all)
	return all
}
